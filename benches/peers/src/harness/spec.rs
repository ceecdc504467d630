use super::row::RowId;
use super::statistics::percentile;
use super::{Better, Row, cpus, process_cpu};
use std::fmt;
use std::time::Duration;

/// How a contender is measured.
enum Work<'a> {
    /// Does the given number of operations and says how long they took.
    Timed(Box<dyn FnMut(u64) -> Duration + 'a>),
    /// Does the given number of operations and says how long each took, in nanoseconds.
    Each(Box<dyn FnMut(u64) -> Vec<u64> + 'a>),
    /// Gives the figures of the rows itself.
    Figures(Box<dyn FnMut() -> Vec<f64> + 'a>),
}

/// One side of a row.
struct Contender<'a> {
    name: String,
    work: Work<'a>,
    /// Operations of a measurement: the least that makes sense, then what the warm-up round found.
    ops: u64,
    /// Whether a measurement has that many operations however long they take.
    exactly: bool,
}

/// A row to be measured: what is done, by bedplate and by its peers.
///
/// The first contender is bedplate, the others are its peers. Where a measurement gives more than one figure, there are
/// rows beside the first, one for each figure.
pub struct Spec<'a> {
    /// Id and unit, in the order of the figures.
    rows: Vec<(String, String)>,
    threads: usize,
    better: Better,
    detail: String,
    once: bool,
    contenders: Vec<Contender<'a>>,
}

impl fmt::Debug for Spec<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<'a> Spec<'a> {
    /// A row of one thread, in nanoseconds an operation. `detail` tells payload, capacity, wait policy, and what is
    /// verified.
    pub fn new(row: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            rows: vec![(row.into(), "ns/op".to_owned())],
            threads: 1,
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
        unit.clone_into(&mut self.rows[0].1);
        self.better = better;
        self
    }

    /// A row beside this one, from the next figure of the same measurements: of a [`timed`](Self::timed) contender the
    /// CPU time of the whole process, of one that times [`each`](Self::each) operation the 99th percentile, of one that
    /// gives its [`figures`](Self::figures) the second.
    pub fn beside(mut self, row: impl Into<String>, unit: &str) -> Self {
        self.rows.push((row.into(), unit.to_owned()));
        self
    }

    /// The figures are the same in each round: one is enough.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The next contender: does the given number of operations, checks them, and says how long they took.
    pub fn timed(self, name: &str, work: impl FnMut(u64) -> Duration + 'a) -> Self {
        self.contender(name, Work::Timed(Box::new(work)))
    }

    /// The next contender: does the given number of operations one after the other, and says how long each took, in
    /// nanoseconds. The figure is the median.
    pub fn each(self, name: &str, work: impl FnMut(u64) -> Vec<u64> + 'a) -> Self {
        self.contender(name, Work::Each(Box::new(work)))
    }

    /// The contender named last works in batches: a measurement of fewer than `ops` operations would not be one of it.
    pub fn at_least(mut self, ops: u64) -> Self {
        self.contenders.last_mut().expect("a contender is named before").ops = ops;
        self
    }

    /// The contender named last is measured by so many operations, however long they take: for those that mostly wait.
    pub fn exactly(mut self, ops: u64) -> Self {
        let contender = self.contenders.last_mut().expect("a contender is named before");
        (contender.ops, contender.exactly) = (ops, true);
        self
    }

    /// The next contender: gives the figure of a round itself.
    pub fn figure(self, name: &str, mut work: impl FnMut() -> f64 + 'a) -> Self {
        self.figures(name, move || [work()])
    }

    /// The next contender: gives the figures of a round itself, one for each row.
    pub fn figures<const N: usize>(self, name: &str, mut work: impl FnMut() -> [f64; N] + 'a) -> Self {
        self.contender(name, Work::Figures(Box::new(move || work().to_vec())))
    }

    fn contender(mut self, name: &str, work: Work<'a>) -> Self {
        self.contenders.push(Contender { name: name.to_owned(), work, ops: 1, exactly: false });
        self
    }

    /// The id of the first row.
    pub fn id(&self) -> &str {
        &self.rows[0].0
    }

    /// The ids of its rows.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|(row, _)| row.as_str())
    }

    /// Measures each contender once a round, and makes a row for each figure and peer.
    pub(super) fn measure(mut self, suite: &str, rounds: usize, measurement: Duration) -> Vec<Row> {
        let rounds = if self.once { 1 } else { rounds };
        if !self.once {
            for contender in &mut self.contenders {
                contender.warm_up(measurement);
            }
        }
        // By contender, then by round.
        let mut measured = vec![Vec::with_capacity(rounds); self.contenders.len()];
        for round in 0..rounds {
            // Each round begins with another contender, so that none always follows the same neighbour.
            for turn in 0..self.contenders.len() {
                let index = (round + turn) % self.contenders.len();
                measured[index].push(self.contenders[index].measure());
            }
        }
        let detail = self.detail_with_load();
        let mut rows = Vec::new();
        for (figure, (row, unit)) in self.rows.iter().enumerate() {
            let what = RowId { suite, row, threads: self.threads, unit, better: self.better, detail: &detail };
            let mut sides =
                measured.iter().map(|rounds| rounds.iter().map(|figures| figures[figure]).collect::<Vec<_>>());
            let ours = sides.next().expect("bedplate is the first contender");
            let peers = self.contenders[1..].iter().zip(sides);
            rows.extend(peers.map(|(peer, theirs)| Row::new(what, &ours, &peer.name, &theirs)));
        }
        rows
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

impl Work<'_> {
    /// Does `ops` operations: how long they took, and the figures of the rows.
    fn measure(&mut self, ops: u64) -> (Duration, Vec<f64>) {
        match self {
            Work::Timed(work) => {
                let before = process_cpu();
                let elapsed = work(ops);
                let cpu = process_cpu() - before;
                (elapsed, [elapsed, cpu].map(|time| time.as_nanos() as f64 / ops as f64).to_vec())
            }
            Work::Each(work) => {
                let mut times = work(ops);
                let elapsed = Duration::from_nanos(times.iter().sum());
                (elapsed, [50, 99].map(|percent| percentile(&mut times, percent) as f64).to_vec())
            }
            Work::Figures(work) => (Duration::ZERO, work()),
        }
    }
}

impl Contender<'_> {
    /// Runs once unmeasured; finds how many operations fill a measurement.
    fn warm_up(&mut self, measurement: Duration) {
        if let Work::Figures(work) = &mut self.work {
            work();
            return;
        }
        if self.exactly {
            self.work.measure(self.ops);
            return;
        }
        // Fourfold until a run is long enough to be judged from. A disturbance can make a short run seem long enough,
        // so what is judged from it has to last at least half as long as wanted.
        let least = self.ops;
        let mut enough = measurement / 4;
        for _ in 0..40 {
            let (elapsed, _) = self.work.measure(self.ops);
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

    fn measure(&mut self) -> Vec<f64> {
        self.work.measure(self.ops).1
    }
}
