//! Power may be cut at any moment of what several threads do to a log: it holds what it said it holds.

use super::disk::{Disk, Make};
use super::event::Event;
use super::random::Random;
use super::session::{Known, Records, Session, open};
use super::state::{Lose, State};
use crate::io::{AppendLog, AppendLogOptions};

#[derive(Clone, Copy, Debug)]
struct Case {
    seed: u64,
    segment: u64,
    buffer: usize,
    in_flight: usize,
    spares: usize,
    trims: bool,
    /// What each thread does.
    steps: usize,
}

impl Case {
    fn options(&self) -> AppendLogOptions {
        AppendLog::options()
            .segment_size(self.segment)
            .buffer_size(self.buffer)
            .commits_in_flight(self.in_flight)
            .spare_segments(self.spares)
    }

    fn disk(&self, state: State) -> Disk {
        self.disk_with(state, self.seed)
    }

    fn disk_with(&self, state: State, seed: u64) -> Disk {
        Make { history: true, delay: 4, ..Make::new(seed) }.with(state)
    }

    /// Several threads use an empty log. Then the disk is looked at as it could be at every moment of that.
    fn run(&self) -> Reached {
        let disk = self.disk(State::default());
        let log = open(&disk, &self.options()).unwrap();
        let appended = self.use_log(&disk, log, 0, 3, self.steps);
        let mut reached = Reached::default();
        let known = Known::default();
        let mut moments =
            Moments { case: self, generation: 0, random: Random::new(self.seed + 7), reached: &mut reached };
        moments.look(State::default(), &disk.history(), known, &Records::new(), &appended);
        reached
    }

    /// Uses the log of a disk, and leaves it.
    fn use_log(&self, disk: &Disk, log: AppendLog, generation: u8, threads: usize, steps: usize) -> Records {
        let longest = (self.segment / 2) as usize;
        let trims = self.trims && generation == 0;
        let appended = Session::new(disk, &log, generation, longest, trims).run(threads, steps, disk.seed());
        if disk.seed().is_multiple_of(2) {
            log.close().unwrap();
        }
        appended
    }
}

/// That the moments were worth looking at.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    moments: u64,
    /// Logs that ended with a torn tail.
    torn: u64,
    /// Logs with records that had not been acknowledged.
    beyond: u64,
    /// Logs that were trimmed.
    trimmed: u64,
    /// Logs that were used again after power was cut.
    again: u64,
    /// The last record of the longest log.
    last: u64,
}

struct Moments<'a> {
    case: &'a Case,
    /// How often power was cut before.
    generation: u8,
    random: Random,
    reached: &'a mut Reached,
}

impl Moments<'_> {
    /// Looks at what a disk with `state` was after each event, as power could have left it.
    fn look(&mut self, mut state: State, history: &[Event], mut known: Known, before: &Records, appended: &Records) {
        for (moment, event) in history.iter().enumerate() {
            state.apply(event);
            match event {
                // What was not said yet changes nothing of what must be there.
                Event::Note(note) if !known.learn(*note) => continue,
                // Later generations are many.
                Event::Note(_) => {}
                _ if self.generation > 0 && !self.random.one_in(5) => continue,
                _ => {}
            }
            let lose = match moment % 6 {
                0 => Lose::Nothing,
                3 => Lose::Everything,
                _ => Lose::Some(self.random.next()),
            };
            for lose in [lose, Lose::Some(self.random.next())] {
                self.cut_power(&state, lose, &known, before, appended);
            }
        }
    }

    fn cut_power(&mut self, state: &State, lose: Lose, known: &Known, before: &Records, appended: &Records) {
        let case = self.case;
        self.reached.moments += 1;
        let image = state.after(lose);
        let disk = case.disk_with(image.clone(), self.random.next());
        let log = open(&disk, &case.options()).unwrap_or_else(|e| panic!("{case:?}, {:?}: {e}", self.reached));
        let found = known.check(&log, before, appended);

        let last = log.next_lsn().get() - 1;
        self.reached.torn += u64::from(log.recovery().torn_tail_bytes > 0);
        self.reached.beyond += u64::from(last > known.acknowledged);
        self.reached.trimmed += u64::from(log.first_lsn().get() > 1);
        self.reached.last = self.reached.last.max(last);
        if self.generation > 0 || !self.random.one_in(16) {
            return;
        }
        // The log is used, and power is cut once more, while it was opened too: what was found stays, and nothing that
        // was not comes up behind what is new.
        self.reached.again += 1;
        let appended = case.use_log(&disk, log, 1, 1 + self.random.below(2) as usize, 8);
        self.generation += 1;
        self.look(image, &disk.history(), Known::default(), &found, &appended);
        self.generation -= 1;
    }
}

fn cases() -> impl Iterator<Item = Case> {
    (1..=6).map(|seed| Case {
        seed,
        segment: [16 << 10, 24 << 10, 64 << 10][seed as usize % 3],
        buffer: [8 << 10, 12 << 10][seed as usize % 2],
        in_flight: [1, 2, 4][seed as usize / 2 % 3],
        spares: seed as usize % 3,
        trims: seed % 3 != 2,
        steps: 16,
    })
}

#[test]
fn every_moment_of_a_history() {
    let (mut torn, mut beyond, mut trimmed, mut again) = (0, 0, 0, 0);
    for case in cases() {
        let reached = case.run();
        println!("{case:?}: {reached:?}");
        assert!(reached.last > 20, "{case:?}: {reached:?}");
        torn += reached.torn;
        beyond += reached.beyond;
        trimmed += reached.trimmed;
        again += reached.again;
    }
    assert!(torn > 30 && beyond > 300 && trimmed > 200 && again > 30, "{torn} {beyond} {trimmed} {again}");
}
