//! After any fault at any step the log holds every acknowledged record, none that was not appended, in order.

use proptest::prelude::*;

use super::disk::{Disk, Fault};
use super::ident::Ident;
use super::session::open;
use super::state::Lose;
use crate::io::log::verify::verify_in;
use crate::io::tests::faults::{EIO, ENOSPC};
use crate::io::{AppendLog, AppendLogOptions, Backend, LogError, Lsn};
use crate::pool::BlockPool;

const SEGMENT: u64 = 16 << 10;

#[derive(Clone, Debug)]
enum Do {
    Append(usize),
    Batch(Vec<usize>),
    Block(usize),
    Commit,
    TryCommit,
    Durable(usize),
    /// All but the last so many records may go.
    Trim(u64),
    Prepare,
    Reopen,
}

/// What the world outside the log knows.
#[derive(Clone, Debug, Default)]
struct Witness {
    /// By LSN less one. The last ones may be missing in the log where nobody acknowledged them.
    appended: Vec<Vec<u8>>,
    acknowledged: u64,
    /// Records below this may be gone.
    trimmed: u64,
    generation: u8,
}

/// How a log ended.
#[derive(Debug)]
enum End {
    /// All was done, but for what a full disk or the like refused.
    Done {
        refused: u64,
    },
    Poisoned,
    /// It does not open, for now.
    Shut(#[allow(dead_code, reason = "to be printed")] LogError),
}

fn options(backend: Backend) -> AppendLogOptions {
    AppendLog::options().segment_size(SEGMENT).buffer_size(8 << 10).backend(backend)
}

impl Witness {
    fn record(&self, ahead: usize, count: usize, len: usize) -> Vec<u8> {
        let first = self.appended.len() as u32;
        let ident =
            Ident { generation: self.generation, thread: 0, number: first + ahead as u32, first, count: count as u32 };
        ident.data(len.max(Ident::SIZE))
    }

    fn acknowledge(&mut self, lsn: Lsn) {
        assert!(lsn.get() >= self.acknowledged, "durability went back from {} to {lsn}", self.acknowledged);
        assert!(lsn.get() <= self.appended.len() as u64, "{lsn} was never appended");
        self.acknowledged = lsn.get();
    }

    fn step(&mut self, log: &AppendLog, step: &Do, pool: &BlockPool) -> Result<(), LogError> {
        let next = self.appended.len() as u64 + 1;
        assert_eq!(log.next_lsn().get(), next);
        let records = match step {
            Do::Append(len) | Do::Durable(len) | Do::Block(len) => vec![self.record(0, 1, *len)],
            Do::Batch(lens) => lens.iter().enumerate().map(|(i, len)| self.record(i, lens.len(), *len)).collect(),
            _ => vec![],
        };
        let result = match step {
            Do::Append(_) => log.append(&records[0]).map(|lsn| assert_eq!(lsn.get(), next)),
            Do::Batch(_) => log.append_batch(&records).map(|lsns| {
                assert_eq!(lsns, Lsn::new(next)..Lsn::new(next + records.len() as u64));
            }),
            Do::Block(_) => {
                let mut block = pool.acquire().unwrap();
                block.as_full_mut()[..records[0].len()].copy_from_slice(&records[0]);
                block.set_len(records[0].len());
                match log.append_block(block) {
                    Ok(lsn) => {
                        assert_eq!(lsn.get(), next);
                        Ok(())
                    }
                    Err(refused) => {
                        assert_eq!(refused.block[..], records[0]);
                        Err(refused.error)
                    }
                }
            }
            Do::Durable(_) => log.append_durable(&records[0]).map(|lsn| assert_eq!(lsn.get(), next)),
            Do::Commit => log.flush().map(|lsn| assert_eq!(lsn.get(), next - 1)),
            Do::TryCommit if next > 1 => log.try_commit(Lsn::new(next - 1)).map(|_| ()),
            Do::Trim(keep) => {
                let lsn = (next - 1).saturating_sub(*keep);
                self.trimmed = self.trimmed.max(lsn);
                log.trim(Lsn::new(lsn)).map(|first| assert!(first.get() <= self.trimmed.max(1)))
            }
            Do::Prepare => log.prepare(),
            Do::TryCommit | Do::Reopen => Ok(()),
        };
        // Whole or not at all, whatever the answer is.
        let more = (log.next_lsn().get() - next) as usize;
        assert!(more == 0 || more == records.len(), "{more} of {} records", records.len());
        if result.is_ok() && !matches!(step, Do::Commit) {
            assert_eq!(more, records.len());
        }
        self.appended.extend_from_slice(&records[..more]);
        self.acknowledge(log.durable_lsn());
        if result.is_ok() && matches!(step, Do::Commit | Do::Durable(_)) {
            assert_eq!(self.acknowledged, self.appended.len() as u64);
        }
        result
    }

    /// Does the steps until the log is poisoned.
    fn run(&mut self, disk: &Disk, backend: Backend, steps: &[Do]) -> End {
        let pool = BlockPool::builder().block_size(8192).slab_blocks(4).build().unwrap();
        let mut refused = 0;
        let mut log = match open(disk, &options(backend)) {
            Ok(log) => log,
            Err(e) => return End::Shut(e),
        };
        for step in steps {
            if matches!(step, Do::Reopen) {
                let flushed = log.flush();
                self.acknowledge(log.durable_lsn());
                drop(log);
                if flushed.is_err() {
                    return End::Poisoned;
                }
                log = match open(disk, &options(backend)) {
                    Ok(log) => log,
                    Err(e) => return End::Shut(e),
                };
                continue;
            }
            match self.step(&log, step, &pool) {
                Ok(()) => {}
                Err(LogError::Io(_)) => refused += 1,
                Err(LogError::Poisoned(_)) => {
                    // From now on there is no other answer.
                    let lsn = Lsn::new(log.next_lsn().get() - 1);
                    let durable = log.durable_lsn();
                    assert!(matches!(log.append(b"more"), Err(LogError::Poisoned(_))));
                    assert!(matches!(log.append_batch([b"more"]), Err(LogError::Poisoned(_))));
                    assert!(matches!(log.append_durable(b"more"), Err(LogError::Poisoned(_))));
                    if lsn > durable {
                        assert!(matches!(log.flush(), Err(LogError::Poisoned(_))));
                        assert!(matches!(log.commit(lsn), Err(LogError::Poisoned(_))));
                        assert!(matches!(log.try_commit(lsn), Err(LogError::Poisoned(_))));
                    }
                    assert_eq!((log.next_lsn().get() - 1, log.durable_lsn()), (lsn.get(), durable));
                    return End::Poisoned;
                }
                Err(e) => panic!("{step:?}: {e}"),
            }
        }
        if let Ok(lsn) = log.flush() {
            self.acknowledge(lsn);
        }
        End::Done { refused }
    }

    /// Opens the log of a disk that was cut off or left, and checks what it holds; then uses it.
    fn check(&mut self, disk: &Disk) {
        let options = options(Backend::Inline);
        let log = open(disk, &options).unwrap_or_else(|e| panic!("the log does not open: {e}"));
        let found: Vec<_> = log.reader().unwrap().records().map(|r| r.unwrap()).collect();
        let (first, last) = (log.first_lsn().get(), log.next_lsn().get() - 1);
        assert_eq!(log.durable_lsn().get(), last);
        assert_eq!(found.len() as u64, last + 1 - first);
        assert!(first <= self.trimmed.max(1), "{first} is the first, and {} were to go", self.trimmed);
        assert!(last >= self.acknowledged, "{last} of {} are left", self.acknowledged);
        assert!(last <= self.appended.len() as u64, "a record came from nowhere");
        for (lsn, found) in (first..).zip(&found) {
            assert_eq!(found.lsn.get(), lsn);
            assert!(found.data == self.appended[lsn as usize - 1], "record {lsn} is {:?}", Ident::of(&found.data));
        }
        if let Some(ident) = found.last().map(|last| Ident::of(&last.data)) {
            assert_eq!(ident.number + 1, ident.first + ident.count, "of the last batch a part is there");
        }

        self.appended.truncate(last as usize);
        self.acknowledged = last;
        self.generation += 1;
        let pool = BlockPool::builder().block_size(8192).slab_blocks(4).build().unwrap();
        for step in [Do::Append(100), Do::Commit, Do::Batch(vec![5000, 0, 3000, 3000]), Do::Block(6000), Do::Commit] {
            self.step(&log, &step, &pool).unwrap();
        }
        log.close().unwrap();
        let report = verify_in(std::sync::Arc::new(disk.clone())).unwrap();
        assert_eq!(report.records, self.appended.len() as u64 + 1 - first);
        assert_eq!((report.torn_tail_bytes, report.torn_frames), (0, 0));
    }
}

/// Does the steps with a fault, and checks the disk as another process finds it and as the next power-up does.
fn survive(steps: &[Do], backend: Backend, fault: Option<(u64, Fault)>, seed: u64) -> (u64, End) {
    let disk = Disk::new(seed);
    if let Some((at, fault)) = fault {
        disk.fail_at(at, fault);
    }
    let mut witness = Witness::default();
    let end = witness.run(&disk, backend, steps);
    if let (false, Some((_, Fault::Short)) | None) = (matches!(end, End::Done { refused: 0 }), fault) {
        panic!("nothing failed, but the log ended {end:?}");
    }
    let count = disk.steps();
    for lose in [Lose::Nothing, Lose::Everything, Lose::Some(seed), Lose::Some(seed + 1)] {
        let disk = disk.after(lose);
        let mut witness = witness.clone();
        witness.check(&disk);
        // And once more, with power cut behind the recovery.
        witness.check(&disk.after(Lose::Some(seed + 2)));
    }
    (count, end)
}

fn steps() -> Vec<Do> {
    vec![
        Do::Append(20),
        Do::Commit,
        Do::Commit,
        Do::Batch(vec![120; 40]),
        Do::Append(14),
        Do::Durable(3000),
        Do::Append(5000),
        Do::Block(7000),
        Do::Append(9000),
        Do::Commit,
        Do::Batch(vec![3000; 3]),
        Do::TryCommit,
        Do::Trim(6),
        Do::Prepare,
        Do::Append(12_000),
        Do::Reopen,
        Do::Trim(1),
        Do::Durable(11_000),
        Do::Durable(10_000),
        Do::Append(700),
    ]
}

#[test]
fn every_fault_at_every_step() {
    let (mut poisoned, mut refused, mut shut) = (0, 0, 0);
    let (count, _) = survive(&steps(), Backend::Inline, None, 1);
    assert!(count > 40, "the steps are too few to mean much: {count}");
    for at in 0..count {
        for fault in [Fault::Crash, Fault::Short, Fault::Torn, Fault::Errno(EIO), Fault::Errno(ENOSPC)] {
            match survive(&steps(), Backend::Inline, Some((at, fault)), at).1 {
                End::Done { refused: n } => refused += n,
                End::Poisoned => poisoned += 1,
                End::Shut(_) => shut += 1,
            }
        }
    }
    assert!(poisoned > 20 && refused > 0 && shut > 5, "{poisoned} {refused} {shut}");
}

#[test]
fn every_fault_at_every_step_of_the_logs_own_threads() {
    let (count, _) = survive(&steps(), Backend::Threads(2), None, 1);
    for at in (0..count).step_by(3) {
        for fault in [Fault::Crash, Fault::Torn, Fault::Errno(EIO)] {
            survive(&steps(), Backend::Threads(2), Some((at, fault)), at);
        }
    }
}

fn any_step() -> impl Strategy<Value = Do> {
    prop_oneof![
        4 => (0..9000usize).prop_map(Do::Append),
        2 => proptest::collection::vec(0..1200usize, 0..9).prop_map(Do::Batch),
        1 => (0..8000usize).prop_map(Do::Block),
        3 => Just(Do::Commit),
        1 => Just(Do::TryCommit),
        2 => (0..3000usize).prop_map(Do::Durable),
        1 => (0..8u64).prop_map(Do::Trim),
        1 => Just(Do::Prepare),
        1 => Just(Do::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_steps_with_any_fault(
        steps in proptest::collection::vec(any_step(), 1..24),
        at in 0..90u64,
        fault in prop_oneof![
            Just(Fault::Crash), Just(Fault::Short), Just(Fault::Torn), Just(Fault::Errno(EIO)),
            Just(Fault::Errno(ENOSPC))
        ],
        seed in 0..u64::MAX / 2,
    ) {
        survive(&steps, Backend::Inline, Some((at, fault)), seed);
    }
}
