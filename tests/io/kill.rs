//! Writers that are killed at any moment leave every record that they acknowledged, and nothing that was not appended.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bedplate::Demand;
use bedplate::io::{AppendLog, AppendLogOptions, LogReader, Lsn};

use crate::backends::BACKENDS;
use crate::places::places;

const CHILD: &str = "BEDPLATE_TEST_LOG";
const ROUNDS: u32 = 200;
const THREADS: u32 = 3;
/// Records before the last ones are trimmed, so that files are used again and again.
const KEPT: u64 = 150;

/// Segments of a few frames.
fn options(round: u32) -> AppendLogOptions {
    let backend = BACKENDS[round as usize % BACKENDS.len()];
    let direct = if round % 3 == 2 { Demand::Off } else { Demand::Prefer };
    AppendLog::options().segment_size(64 << 10).buffer_size(16 << 10).backend(backend).direct(direct)
}

/// What a thread of a round appends as its record `i`: it tells itself.
fn data(round: u32, thread: u32, i: u32) -> Vec<u8> {
    let len = (round * 31 + thread * 7 + i * 97) as usize % 2000;
    let mut data = [round.to_le_bytes(), thread.to_le_bytes(), i.to_le_bytes()].concat();
    data.extend((0..len).map(|n| (n as u32 ^ round ^ i) as u8));
    data
}

/// The child: appends without end and says what was acknowledged. In an ordinary run it does nothing.
#[test]
fn child() {
    let Ok(what) = std::env::var(CHILD) else { return };
    let (round, dir) = what.split_once(' ').unwrap();
    let round = round.parse().unwrap();
    let log = options(round).open(dir).unwrap();
    let trimmed = AtomicU64::new(0);
    thread::scope(|s| {
        for t in 0..THREADS {
            let (log, trimmed) = (&log, &trimmed);
            s.spawn(move || append(log, trimmed, round, t));
        }
    });
}

fn append(log: &AppendLog, trimmed: &AtomicU64, round: u32, t: u32) {
    // One write each, so that lines are whole.
    let say = |line: String| std::io::stderr().write_all(line.as_bytes()).unwrap();
    let acknowledge = |lsn: Lsn, i: u32| say(format!("{lsn} {t} {i}\n"));
    let mut i = 0;
    loop {
        // In turn: waited for; a batch; one that is not waited for, and one behind it.
        acknowledge(log.append_durable(&data(round, t, i)).unwrap(), i);
        let lsns = log.append_batch((i + 1..i + 4).map(|i| data(round, t, i))).unwrap();
        log.commit(Lsn::new(lsns.end.get() - 1)).unwrap();
        acknowledge(lsns.start, i + 1);
        acknowledge(Lsn::new(lsns.end.get() - 1), i + 3);
        log.append(&data(round, t, i + 4)).unwrap();
        let last = log.append_durable(&data(round, t, i + 5)).unwrap();
        acknowledge(last, i + 5);
        i += 6;
        if t == 0 && last.get() > KEPT {
            trimmed.store(last.get() - KEPT, Ordering::Relaxed);
            // Said before it is done: as much as this may be gone.
            say(format!("trim {}\n", last.get() - KEPT));
            log.trim(Lsn::new(last.get() - KEPT)).unwrap();
        }
    }
}

/// A log, and what is known of it.
#[derive(Default)]
struct Known {
    /// What was acknowledged: whose record has the number.
    acknowledged: HashMap<u64, (u32, u32, u32)>,
    trimmed: u64,
    lines: usize,
}

impl Known {
    fn learn(&mut self, round: u32, line: &str) {
        let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        match *numbers {
            [lsn, t, i] => drop(self.acknowledged.insert(lsn, (round, t as u32, i as u32))),
            [lsn] if line.starts_with("trim ") => self.trimmed = self.trimmed.max(lsn),
            // What the test's frame says, or a line that was cut off.
            _ => return,
        }
        self.lines += 1;
    }

    /// All that was acknowledged and not trimmed is there, in order, and nothing that was not appended.
    fn check(&mut self, dir: &Path, rounds: u32) -> u64 {
        let mut next = HashMap::new();
        let mut last = 0;
        for record in LogReader::open(dir).unwrap().records() {
            let record = record.unwrap();
            let lsn = record.lsn.get();
            assert!(last == 0 && lsn <= self.trimmed.max(1) || lsn == last + 1, "{lsn} behind {last}");
            last = lsn;
            let [round, t, i] = [0, 4, 8].map(|at| u32::from_le_bytes(record.data[at..at + 4].try_into().unwrap()));
            assert!(record.data == data(round, t, i) && round <= rounds, "{lsn} was never appended");
            if let Some(expected) = self.acknowledged.remove(&lsn) {
                assert_eq!((round, t, i), expected, "another record was acknowledged as {lsn}");
                self.acknowledged.insert(lsn, expected);
            }
            if let Some(before) = next.insert((round, t), i + 1) {
                assert_eq!(i, before, "the order of a thread is kept: {lsn}");
            }
        }
        let most = self.acknowledged.keys().max().copied().unwrap_or(0);
        assert!(last >= most, "{last} of {most}");
        // Each was seen while it was there.
        self.acknowledged.retain(|lsn, _| *lsn + 2 * KEPT > last);
        last
    }
}

#[test]
fn killed_writers_lose_nothing_they_acknowledged() {
    let places = places();
    let mut logs: Vec<_> = places.iter().map(|_| Known::default()).collect();
    let mut state = 0x5eed_u64;
    let mut torn = 0;
    for round in 0..ROUNDS {
        let which = round as usize % places.len();
        let (dir, known) = (places[which].path().join("log"), &mut logs[which]);
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = (state >> 33) as u32;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child", "--nocapture"])
            .env(CHILD, format!("{round} {}", dir.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        // Some while they open the log, some when so much was said, some at any time.
        match random % 8 {
            0 => thread::sleep(Duration::from_micros(u64::from(random / 8 % 15_000))),
            1..=4 => {
                lines.by_ref().take((random / 8 % 200) as usize).for_each(|line| known.learn(round, &line.unwrap()))
            }
            _ => {
                // The pipe has room for what is said meanwhile; a child that waits for it is killed all the same.
                lines.by_ref().take(1).for_each(|line| known.learn(round, &line.unwrap()));
                thread::sleep(Duration::from_micros(u64::from(random / 8 % 50_000)));
            }
        }
        child.kill().unwrap();
        // What was said before the kill was acknowledged too.
        lines.map_while(Result::ok).for_each(|line| known.learn(round, &line));
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "it ended by itself in round {round}: {status}");

        if dir.exists() {
            let report = AppendLog::verify(&dir).unwrap();
            let log = options(round + 1).open(&dir).unwrap();
            torn += log.recovery().torn_frames;
            assert_eq!(log.durable_lsn(), report.last.unwrap_or(Lsn::ZERO));
            let last = known.check(&dir, round);
            assert_eq!(last, log.durable_lsn().get());
            if round % 10 == 9 {
                log.close().unwrap();
            }
        }
    }
    for known in &logs {
        assert!(known.lines > 1000 && known.trimmed > 300, "{} lines, trimmed to {}", known.lines, known.trimmed);
    }
    println!("{} lines, {torn} torn frames", logs.iter().map(|known| known.lines).sum::<usize>());
}
