//! Threads that use a log in all its ways, and write down what they do and learn among what happens to the disk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;

use super::disk::Disk;
use super::event::Note;
use super::ident::Ident;
use super::random::Random;
use crate::io::{AppendLog, LogError, Lsn};
use crate::pool::BlockPool;

/// The data of records by their LSNs.
pub(super) type Records = BTreeMap<u64, Vec<u8>>;

/// One opening of a log, and what was appended to it.
#[derive(Debug)]
pub(super) struct Session<'a> {
    disk: &'a Disk,
    log: &'a AppendLog,
    generation: u8,
    appended: Mutex<Records>,
    pool: BlockPool,
    /// Records up to that many bytes.
    longest: usize,
    trims: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(disk: &'a Disk, log: &'a AppendLog, generation: u8, longest: usize, trims: bool) -> Self {
        let pool = BlockPool::builder().block_size(8192).slab_blocks(8).max_blocks(64).build().unwrap();
        Self { disk, log, generation, appended: Mutex::default(), pool, longest, trims }
    }

    /// Has each of `threads` do `steps` things, and gives what was appended.
    pub(super) fn run(self, threads: usize, steps: usize, seed: u64) -> Records {
        let this = &self;
        thread::scope(|s| {
            for thread in 0..threads {
                let random = Random::new(seed ^ (thread as u64 + 1) << 48);
                s.spawn(move || {
                    let mut user = User { session: this, thread, number: 0, random, last: Lsn::ZERO };
                    for step in 0..steps {
                        user.step().unwrap_or_else(|e| panic!("step {step} of thread {thread}: {e}"));
                    }
                });
            }
        });
        self.appended.into_inner().unwrap()
    }

    fn acknowledge(&self, lsn: Lsn) {
        assert!(self.log.durable_lsn() >= lsn, "{lsn} is acknowledged and not durable");
        self.disk.note(Note::Acknowledged(lsn.get()));
    }
}

#[derive(Debug)]
struct User<'a> {
    session: &'a Session<'a>,
    thread: usize,
    number: u32,
    random: Random,
    /// The last record that this thread appended.
    last: Lsn,
}

impl User<'_> {
    fn length(&mut self) -> usize {
        let most = if self.random.one_in(4) { self.session.longest } else { 300 };
        Ident::SIZE + self.random.below((most - Ident::SIZE) as u64) as usize
    }

    /// The next records of this thread.
    fn make(&mut self, count: u32) -> Vec<Vec<u8>> {
        let (generation, thread, first) = (self.session.generation, self.thread as u8, self.number);
        self.session.disk.note(Note::Begun { thread: self.thread, first, count });
        self.number += count;
        (first..first + count)
            .map(|number| Ident { generation, thread, number, first, count }.data(self.length()))
            .collect()
    }

    fn appended(&mut self, first: Lsn, records: Vec<Vec<u8>>) {
        assert!(first > self.last, "{first} after {}", self.last);
        let mut appended = self.session.appended.lock().unwrap();
        for (lsn, record) in (first.get()..).zip(records) {
            self.last = Lsn::new(lsn);
            assert!(appended.insert(lsn, record).is_none(), "{lsn} was given out twice");
        }
    }

    fn step(&mut self) -> Result<(), LogError> {
        let log = self.session.log;
        match self.random.below(16) {
            0..5 => {
                let records = self.make(1);
                let lsn = log.append(&records[0])?;
                self.appended(lsn, records);
            }
            5..9 => {
                let records = self.make(1);
                let lsn = log.append_durable(&records[0])?;
                self.session.acknowledge(lsn);
                self.appended(lsn, records);
            }
            9 | 10 => {
                let count = self.random.below(6) as u32;
                let mut records = self.make(count);
                // So that it fits into a segment.
                records.iter_mut().for_each(|record| record.truncate(2000));
                let lsns = log.append_batch(&records)?;
                assert_eq!(lsns.end.get() - lsns.start.get(), u64::from(count));
                if count > 0 {
                    self.appended(lsns.start, records);
                }
            }
            11 => {
                let mut block = self.session.pool.acquire().unwrap();
                let mut records = self.make(1);
                records[0].truncate(8192);
                block.as_full_mut()[..records[0].len()].copy_from_slice(&records[0]);
                block.set_len(records[0].len());
                let lsn = log.append_block(block).map_err(|refused| refused.error)?;
                self.appended(lsn, records);
            }
            12 if self.last > Lsn::ZERO => {
                let lsn = log.commit(self.last)?;
                assert!(lsn >= self.last);
                self.session.acknowledge(lsn);
            }
            13 if self.last > Lsn::ZERO => {
                let disk = self.session.disk.clone();
                log.on_durable(self.last, move |result| match result {
                    Ok(lsn) => disk.note(Note::Acknowledged(lsn.get())),
                    Err(e) => assert!(matches!(e, LogError::Closed), "{e}"),
                })?;
            }
            14 if self.last > Lsn::ZERO => {
                if log.try_commit(self.last)? {
                    self.session.acknowledge(self.last);
                }
            }
            15 if self.session.trims => {
                let lsn = Lsn::new(log.durable_lsn().get().saturating_sub(self.random.below(6)));
                self.session.disk.note(Note::Trimming(lsn.get()));
                log.trim(lsn)?;
            }
            _ => {
                let lsn = log.flush()?;
                assert!(lsn >= self.last);
                self.session.acknowledge(lsn);
            }
        }
        Ok(())
    }
}

/// What is known at a moment of a history.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Records with numbers below were begun, of each thread.
    begun: Vec<u32>,
    pub(super) acknowledged: u64,
    /// Records below may be gone.
    trimming: u64,
}

impl Known {
    /// Whether more must be there than was known before.
    pub(super) fn learn(&mut self, note: Note) -> bool {
        let before = self.acknowledged;
        match note {
            Note::Begun { thread, first, count } => {
                let threads = self.begun.len().max(thread + 1);
                self.begun.resize(threads, 0);
                self.begun[thread] = first + count;
            }
            Note::Acknowledged(lsn) => self.acknowledged = self.acknowledged.max(lsn),
            Note::Trimming(lsn) => self.trimming = self.trimming.max(lsn),
        }
        self.acknowledged > before
    }

    /// What an opened log must hold: `before` were in it when the session began, `appended` were appended in all of the
    /// session.
    pub(super) fn check(&self, log: &AppendLog, before: &Records, appended: &Records) -> Records {
        let found: Records =
            log.reader().unwrap().records().map(|r| r.unwrap()).map(|r| (r.lsn.get(), r.data)).collect();
        let last = log.next_lsn().get() - 1;
        assert_eq!((log.durable_lsn().get(), log.recovery().last.get()), (last, last));
        let first = found.keys().next().copied().unwrap_or(last + 1);
        assert_eq!(first, log.first_lsn().get());
        assert_eq!(found.len() as u64, last + 1 - first, "the records from {first} to {last} are not all there");
        let oldest = before.keys().next().copied().unwrap_or(1);
        assert!(first <= oldest.max(self.trimming), "{first} is the first, and {} were to go", self.trimming);
        assert!(last >= self.acknowledged, "{} were acknowledged, and {last} is the last", self.acknowledged);
        assert!(last >= before.keys().next_back().copied().unwrap_or(0), "of the records before some are gone");
        for (lsn, data) in &found {
            if let Some(before) = before.get(lsn) {
                assert!(data == before, "record {lsn} is {:?}", Ident::of(data));
                continue;
            }
            assert!(Some(data) == appended.get(lsn), "record {lsn} is {:?}", Ident::of(data));
            let ident = Ident::of(data);
            let begun = self.begun.get(usize::from(ident.thread)).copied().unwrap_or(0);
            assert!(ident.number < begun, "record {lsn} is from the future: {ident:?}");
            // A batch lies in one frame, and so in one segment: trimming takes all of it, too.
            let start = lsn - u64::from(ident.number - ident.first);
            let batch = start..start + u64::from(ident.count);
            assert!(batch.start >= first && batch.end <= last + 1, "of the batch of record {lsn} a part is there");
        }
        found
    }
}

/// The log on a disk.
pub(super) fn open(disk: &Disk, options: &crate::io::AppendLogOptions) -> Result<AppendLog, LogError> {
    AppendLog::open_in(Arc::new(disk.clone()), None, options)
}
