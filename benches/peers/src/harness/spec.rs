use super::row::RowId;
use super::{Better, Row, cpus};
use std::fmt;
use std::time::Duration;

/// How a contender is measured.
enum Work<'a> {
    /// Does the given number of operations and says how long they took.
    Timed(Box<dyn FnMut(u64) -> Duration + 'a>),
    /// Gives the figure itself.
    Figure(Box<dyn FnMut() -> f64 + 'a>),
}

/// One side of a row.
struct Contender<'a> {
    name: String,
    work: Work<'a>,
    /// Operations of a timed measurement: the least that makes sense, then what the warm-up round found.
    ops: u64,
}

/// A row to be measured: what is done, by bedplate and by its peers.
///
/// The first contender is bedplate, the others are its peers.
pub struct Spec<'a> {
    row: String,
    threads: usize,
    unit: String,
    better: Better,
    detail: String,
    once: bool,
    contenders: Vec<Contender<'a>>,
}

impl fmt::Debug for Spec<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec").field("row", &self.row).finish_non_exhaustive()
    }
}

impl<'a> Spec<'a> {
    /// A row of one thread, in nanoseconds an operation. `detail` tells payload, capacity, wait policy, and what is
    /// verified.
    pub fn new(row: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            row: row.into(),
            threads: 1,
            unit: "ns/op".to_owned(),
            better: Better::Lower,
            detail: detail.into(),
            once: false,
            contenders: Vec::new(),
        }
    }

    /// How many threads work in the measured section.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Another unit than nanoseconds an operation.
    pub fn unit(mut self, unit: &str, better: Better) -> Self {
        unit.clone_into(&mut self.unit);
        self.better = better;
        self
    }

    /// The figures are the same in each round: one is enough.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The next contender: does the given number of operations, checks them, and says how long they took.
    pub fn timed(mut self, name: &str, work: impl FnMut(u64) -> Duration + 'a) -> Self {
        self.contenders.push(Contender { name: name.to_owned(), work: Work::Timed(Box::new(work)), ops: 1 });
        self
    }

    /// The contender named last works in batches: a measurement of fewer than `ops` operations would not be one of it.
    pub fn at_least(mut self, ops: u64) -> Self {
        self.contenders.last_mut().expect("a contender is named before").ops = ops;
        self
    }

    /// The next contender: gives the figure of a round itself.
    pub fn figure(mut self, name: &str, work: impl FnMut() -> f64 + 'a) -> Self {
        self.contenders.push(Contender { name: name.to_owned(), work: Work::Figure(Box::new(work)), ops: 1 });
        self
    }

    pub(super) fn id(&self) -> &str {
        &self.row
    }

    /// Measures each contender once a round, and makes a row for each peer.
    pub(super) fn measure(mut self, suite: &str, rounds: usize, measurement: Duration) -> Vec<Row> {
        let rounds = if self.once { 1 } else { rounds };
        if !self.once {
            for contender in &mut self.contenders {
                contender.warm_up(measurement);
            }
        }
        let mut figures = vec![Vec::with_capacity(rounds); self.contenders.len()];
        for round in 0..rounds {
            // Each round begins with another contender, so that none always follows the same neighbour.
            for turn in 0..self.contenders.len() {
                let index = (round + turn) % self.contenders.len();
                figures[index].push(self.contenders[index].measure());
            }
        }
        let detail = self.detail_with_load();
        let what = RowId {
            suite,
            row: &self.row,
            threads: self.threads,
            unit: &self.unit,
            better: self.better,
            detail: &detail,
        };
        let peers = self.contenders.iter().zip(&figures).skip(1);
        peers.map(|(peer, theirs)| Row::new(what, &figures[0], &peer.name, theirs)).collect()
    }

    /// The detail, with a word where threads have to share CPUs.
    fn detail_with_load(&self) -> String {
        let cpus = cpus().len();
        let shared = self.threads > cpus && !self.detail.contains("one CPU");
        if shared {
            format!("{}; oversubscribed: {} threads on {cpus} CPUs", self.detail, self.threads)
        } else {
            self.detail.clone()
        }
    }
}

impl Contender<'_> {
    /// Runs once unmeasured; finds how many operations fill a measurement.
    fn warm_up(&mut self, measurement: Duration) {
        match &mut self.work {
            Work::Figure(work) => drop(work()),
            Work::Timed(work) => {
                // Fourfold until a run is long enough to be judged from. A disturbance can make a short run seem long
                // enough, so what is judged from it has to last at least half as long as wanted.
                let least = self.ops;
                let mut enough = measurement / 4;
                for _ in 0..40 {
                    let elapsed = work(self.ops);
                    if elapsed < enough {
                        self.ops *= 4;
                        continue;
                    }
                    if enough == measurement / 2 {
                        break;
                    }
                    enough = measurement / 2;
                    let wanted = self.ops as f64 * measurement.as_secs_f64() / elapsed.as_secs_f64();
                    self.ops = (wanted as u64).max(least);
                }
            }
        }
    }

    fn measure(&mut self) -> f64 {
        match &mut self.work {
            Work::Figure(work) => work(),
            Work::Timed(work) => work(self.ops).as_nanos() as f64 / self.ops as f64,
        }
    }
}
