//! Commits share syncs, and appends go on while one is under way.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::model::Disk;
use crate::io::log::storage::{Access, Directory, Storage};
use crate::io::{AppendLog, Lsn};

/// A disk whose writes or syncs of files wait to be let through, once their gate is armed.
#[derive(Debug)]
struct Gated {
    disk: Disk,
    gates: Arc<Gates>,
}

#[derive(Debug, Default)]
struct Gates {
    write: Gate,
    sync: Gate,
}

#[derive(Debug, Default)]
struct Gate(Mutex<Option<(Sender<()>, Receiver<()>)>>);

impl Gate {
    /// Each step tells of its arrival and waits for leave. Both ends are for the test.
    fn arm(&self) -> (Receiver<()>, Sender<()>) {
        let (arrive, arrived) = channel();
        let (leave, left) = channel();
        *self.0.lock().unwrap() = Some((arrive, left));
        (arrived, leave)
    }

    fn pass(&self) {
        if let Some((arrive, left)) = &*self.0.lock().unwrap() {
            // Errors are the test's end, which lets everything through.
            let _ = arrive.send(());
            let _ = left.recv();
        }
    }
}

#[derive(Debug)]
struct GatedFile {
    file: Box<dyn Storage>,
    gates: Arc<Gates>,
}

impl Directory for Gated {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn Storage>> {
        Ok(Box::new(GatedFile { file: self.disk.open(name, access)?, gates: Arc::clone(&self.gates) }))
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn Storage>> {
        Ok(Box::new(GatedFile { file: self.disk.create(name)?, gates: Arc::clone(&self.gates) }))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }
    fn path(&self, name: &str) -> PathBuf {
        self.disk.path(name)
    }
}

impl Storage for GatedFile {
    fn read(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read(buf, offset)
    }
    fn write(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.gates.write.pass();
        self.file.write(buf, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.gates.sync.pass();
        self.file.sync()
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn cut(&self, len: u64) -> io::Result<()> {
        self.file.cut(len)
    }
    fn reserve(&self, len: u64) -> io::Result<()> {
        self.file.reserve(len)
    }
    fn is_direct(&self) -> bool {
        self.file.is_direct()
    }
}

fn gated() -> (AppendLog, Arc<Gates>) {
    let gates = Arc::new(Gates::default());
    let dir = Gated { disk: Disk::new(1), gates: Arc::clone(&gates) };
    (AppendLog::open_in(Arc::new(dir), None, 8 << 10, 64 << 10).unwrap(), gates)
}

#[test]
fn commits_that_meet_a_sync_share_the_next_one() {
    const LATE: u64 = 6;
    let (log, gates) = gated();
    let (arrived, leave) = gates.sync.arm();
    thread::scope(|s| {
        s.spawn(|| log.append_durable(b"first").unwrap());
        arrived.recv().unwrap();
        for i in 0..LATE {
            let log = &log;
            s.spawn(move || {
                let lsn = log.append_durable(&[i as u8]).unwrap();
                assert!(log.durable_lsn() >= lsn);
            });
        }
        // A commit is counted under the lock, which it then gives up only to wait.
        while log.stats().commits < 1 + LATE {
            thread::yield_now();
        }
        assert_eq!(log.durable_lsn(), Lsn::ZERO);
        leave.send(()).unwrap();
        arrived.recv().unwrap();
        assert_eq!(log.durable_lsn(), Lsn::new(1));
        leave.send(()).unwrap();
    });
    assert_eq!(log.durable_lsn(), Lsn::new(1 + LATE));
    assert_eq!(log.stats().syncs, 2);
}

#[test]
fn appends_go_on_during_a_sync() {
    let (log, gates) = gated();
    let (arrived, leave) = gates.sync.arm();
    thread::scope(|s| {
        let commit = s.spawn(|| log.append_durable(b"first").unwrap());
        arrived.recv().unwrap();
        // More than a buffer, so that a write goes on beside the sync too.
        for lsn in 2..=12 {
            assert_eq!(log.append(&[0; 1000]).unwrap(), Lsn::new(lsn));
        }
        assert_eq!(log.durable_lsn(), Lsn::ZERO);
        leave.send(()).unwrap();
        assert_eq!(commit.join().unwrap(), Lsn::new(1));
    });
    // The sync covers what was written when it began, and no more.
    assert_eq!(log.durable_lsn(), Lsn::new(1));
}

/// One thread appends `alone` and is held in the write that makes room for it; `batch`, whose record at `stop` finds no
/// room, is appended meanwhile. Gives the first bytes of all records in their order.
fn meet(alone: &[u8], batch: &[Vec<u8>], stop: usize) -> Vec<u8> {
    let (log, gates) = gated();
    log.append(&[0; 7000]).unwrap();
    let (arrived, leave) = gates.write.arm();
    thread::scope(|s| {
        s.spawn(|| log.append(alone).unwrap());
        arrived.recv().unwrap();
        let (reach, reached) = channel();
        let log = &log;
        s.spawn(move || {
            let records = batch.iter().enumerate().inspect(|(i, _)| {
                if *i == stop {
                    reach.send(()).unwrap();
                }
            });
            let lsns = log.append_batch(records.map(|(_, record)| record)).unwrap();
            assert_eq!(lsns.end.get() - lsns.start.get(), batch.len() as u64);
        });
        reached.recv().unwrap();
        // The batch has the lock until it waits for room.
        assert_eq!(log.stats().appended as usize, 1 + stop);
        // The end of the gate lets everything through.
        drop(leave);
        drop(arrived);
    });
    for _ in 0..20 {
        log.append(&[7; 5000]).unwrap();
    }
    log.commit().unwrap();
    log.reader().unwrap().records().map(|r| r.unwrap().data[0]).collect()
}

#[test]
fn no_record_comes_into_a_batch_that_waits_for_room() {
    let order = meet(&[1; 5000], &[vec![2; 1000], vec![2; 7500]], 1);
    assert_eq!(order[..4], [0, 2, 2, 1]);
    assert_eq!(order.len(), 24);
}

#[test]
fn two_records_larger_than_the_buffer_meet() {
    let order = meet(&[1; 9000], &[vec![2; 14_000]], 0);
    assert_eq!(order[..3], [0, 2, 1]);
    assert_eq!(order.len(), 23);
}
