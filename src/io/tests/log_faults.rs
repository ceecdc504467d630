//! After any fault at any step the log holds every acknowledged record, none that was not appended, in order.

use std::sync::Arc;

use proptest::prelude::*;

use super::model::{Disk, Fault};
use crate::io::{AppendLog, LogError, Lsn};

const SEGMENT: u64 = 16 << 10;
const BUFFER: usize = 8 << 10;
const EIO: i32 = 5;
const ENOSPC: i32 = 28;

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Batch(Vec<usize>),
    Commit,
    Durable(usize),
    Reopen,
}

/// What the world outside the log knows.
#[derive(Debug, Default)]
struct Witness {
    /// Records whose append succeeded, by LSN less one. The log may hold one more: one whose append failed late.
    appended: Vec<Vec<u8>>,
    acknowledged: u64,
}

/// A record that no other has: its number is in it.
fn record(lsn: u64, len: usize) -> Vec<u8> {
    (0..len).map(|i| (lsn as usize * 31 + i * 7) as u8).collect()
}

fn open(disk: &Disk) -> Result<AppendLog, LogError> {
    AppendLog::open_in(Arc::new(disk.clone()), None, BUFFER, SEGMENT)
}

impl Witness {
    fn next(&self, len: usize) -> Vec<u8> {
        record(self.appended.len() as u64 + 1, len)
    }

    fn acknowledge(&mut self, lsn: Lsn) {
        assert!(lsn.get() >= self.acknowledged, "durability went back from {} to {lsn}", self.acknowledged);
        self.acknowledged = lsn.get();
    }

    fn step(&mut self, log: &AppendLog, step: &Step) -> Result<(), LogError> {
        match step {
            Step::Append(len) => {
                let data = self.next(*len);
                let lsn = log.append(&data)?;
                self.appended.push(data);
                assert_eq!(lsn.get(), self.appended.len() as u64);
            }
            Step::Durable(len) => {
                let data = self.next(*len);
                // Pushed before: a commit that fails has appended it.
                self.appended.push(data.clone());
                match log.append_durable(&data) {
                    Ok(lsn) => self.acknowledge(lsn),
                    Err(e) => {
                        if log.next_lsn().get() <= self.appended.len() as u64 {
                            self.appended.pop();
                        }
                        return Err(e);
                    }
                }
            }
            Step::Batch(lens) => {
                let first = self.appended.len() as u64 + 1;
                let batch: Vec<_> = lens.iter().zip(first..).map(|(len, lsn)| record(lsn, *len)).collect();
                let result = log.append_batch(&batch);
                let range = result.as_ref().map_or_else(|e| e.appended.clone(), Clone::clone);
                assert_eq!(range.start.get(), first);
                let count = (range.end.get() - first) as usize;
                self.appended.extend_from_slice(&batch[..count]);
                result?;
            }
            Step::Commit => {
                let lsn = log.commit()?;
                assert_eq!(lsn.get(), self.appended.len() as u64);
                self.acknowledge(lsn);
            }
            Step::Reopen => {}
        }
        assert!(log.durable_lsn().get() <= self.appended.len() as u64);
        Ok(())
    }

    /// Runs the steps until one fails.
    fn run(&mut self, disk: &Disk, steps: &[Step]) -> Result<(), LogError> {
        let mut log = open(disk)?;
        for step in steps {
            if matches!(step, Step::Reopen) {
                self.acknowledge(log.commit()?);
                drop(log);
                log = open(disk)?;
            }
            self.step(&log, step)?;
        }
        Ok(())
    }

    /// Opens the log of a disk that was cut off or left, and checks what it holds; then uses it.
    fn check(&mut self, disk: &Disk) {
        let log = open(disk).unwrap_or_else(|e| panic!("the log does not open: {e}"));
        let found: Vec<_> = log.reader().unwrap().records().map(|r| r.unwrap()).collect();
        assert_eq!(found.len() as u64, log.durable_lsn().get());
        assert!(found.len() as u64 >= self.acknowledged, "{} of {} are left", found.len(), self.acknowledged);
        assert!(found.len() <= self.appended.len(), "a record came from nowhere");
        for (found, appended) in found.iter().zip(&self.appended) {
            assert_eq!(found.data, *appended, "record {}", found.lsn);
        }

        self.appended.truncate(found.len());
        self.acknowledged = found.len() as u64;
        for step in [Step::Append(100), Step::Commit, Step::Batch(vec![5000, 0, 5000, 5000]), Step::Commit] {
            self.step(&log, &step).unwrap();
        }
        log.close().unwrap();
        let report = crate::io::log::verify::verify_in(Arc::new(disk.clone())).unwrap();
        assert_eq!(report.records, self.appended.len() as u64);
        assert_eq!(report.torn_tail_bytes, 0);
    }
}

/// Runs the steps with a fault, and checks the disk as another process finds it and as the next power-up does.
fn survive(steps: &[Step], fault: Option<(u64, Fault)>, seed: u64) -> u64 {
    let disk = Disk::new(seed);
    if let Some((at, fault)) = fault {
        disk.fail_at(at, fault);
    }
    let mut witness = Witness::default();
    let result = witness.run(&disk, steps);
    if let (Err(e), Some((_, Fault::Short)) | None) = (&result, fault) {
        panic!("nothing failed, but the log says {e}");
    }
    let count = disk.steps();
    for disk in [disk.after_kill(), disk.after_power_cut()] {
        let mut witness = Witness { appended: witness.appended.clone(), ..witness };
        witness.check(&disk);
        // And once more, with power cut behind the recovery.
        witness.check(&disk.after_power_cut());
    }
    count
}

fn steps() -> Vec<Step> {
    vec![
        Step::Append(10),
        Step::Commit,
        Step::Commit,
        Step::Batch(vec![120; 40]),
        Step::Append(0),
        Step::Durable(3000),
        Step::Append(5000),
        Step::Append(9000),
        Step::Commit,
        Step::Batch(vec![3000; 8]),
        Step::Commit,
        Step::Reopen,
        Step::Append(12_000),
        Step::Durable(1),
        Step::Append(700),
    ]
}

#[test]
fn every_fault_at_every_step() {
    let count = survive(&steps(), None, 1);
    assert!(count > 30, "the steps are too few to mean much: {count}");
    for at in 0..count {
        for fault in [Fault::Crash, Fault::Short, Fault::Error(EIO), Fault::Error(ENOSPC)] {
            let seeds = if fault == Fault::Crash { 1..4 } else { 1..2 };
            for seed in seeds {
                survive(&steps(), Some((at, fault)), seed);
            }
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..9000usize).prop_map(Step::Append),
        2 => proptest::collection::vec(0..2000usize, 0..12).prop_map(Step::Batch),
        3 => Just(Step::Commit),
        2 => (0..3000usize).prop_map(Step::Durable),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_steps_with_any_fault(
        steps in proptest::collection::vec(any_step(), 1..16),
        at in 0..60u64,
        fault in prop_oneof![
            Just(Fault::Crash), Just(Fault::Short), Just(Fault::Error(EIO)), Just(Fault::Error(ENOSPC))
        ],
        seed in any::<u64>(),
    ) {
        survive(&steps, Some((at, fault)), seed);
    }
}

#[test]
fn a_write_that_fails_poisons_the_log() {
    let disk = Disk::new(7);
    let log = open(&disk).unwrap();
    log.append_durable(b"kept").unwrap();
    disk.fail_at(disk.steps(), Fault::Error(EIO));
    log.append(b"lost").unwrap();
    for _ in 0..2 {
        let Err(LogError::Poisoned(e)) = log.commit() else { panic!("the commit must fail") };
        assert_eq!(e.raw_os_error(), Some(EIO));
        assert!(matches!(log.append(b"more"), Err(LogError::Poisoned(_))));
    }
    assert_eq!(log.durable_lsn(), Lsn::new(1));
    assert_eq!(log.reader().unwrap().next_record().unwrap().unwrap().data, b"kept");
}

#[test]
fn a_full_disk_refuses_the_record_and_nothing_else() {
    let disk = Disk::new(7);
    let log = open(&disk).unwrap();
    log.append(&[1; 9000]).unwrap();
    log.commit().unwrap();
    // The next record needs a second segment: making the file is the first step of that.
    disk.fail_at(disk.steps(), Fault::Error(ENOSPC));
    let Err(LogError::Io(e)) = log.append(&[2; 9000]) else { panic!("the append must fail") };
    assert_eq!(e.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(log.append(&[3; 9000]).unwrap(), Lsn::new(2));
    assert_eq!(log.commit().unwrap(), Lsn::new(2));
    let data: Vec<_> = log.reader().unwrap().records().map(|r| r.unwrap().data[0]).collect();
    assert_eq!(data, [1, 3]);
}
