//! Commits share syncs, and appends go on while one is under way.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::model::Disk;
use crate::io::log::storage::{Access, Directory, Storage};
use crate::io::{AppendLog, Lsn};

/// A disk whose syncs of files wait to be let through, once it is armed.
#[derive(Debug)]
struct Gated {
    disk: Disk,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate(Mutex<Option<(Sender<()>, Receiver<()>)>>);

impl Gate {
    /// Each sync tells of its arrival and waits for leave. Both ends are for the test.
    fn arm(&self) -> (Receiver<()>, Sender<()>) {
        let (arrive, arrived) = channel();
        let (leave, left) = channel();
        *self.0.lock().unwrap() = Some((arrive, left));
        (arrived, leave)
    }

    fn pass(&self) {
        if let Some((arrive, left)) = &*self.0.lock().unwrap() {
            arrive.send(()).unwrap();
            // An error is the test's end, which lets everything through.
            let _ = left.recv();
        }
    }
}

#[derive(Debug)]
struct GatedFile {
    file: Box<dyn Storage>,
    gate: Arc<Gate>,
}

impl Directory for Gated {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn Storage>> {
        Ok(Box::new(GatedFile { file: self.disk.open(name, access)?, gate: Arc::clone(&self.gate) }))
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn Storage>> {
        Ok(Box::new(GatedFile { file: self.disk.create(name)?, gate: Arc::clone(&self.gate) }))
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
        self.file.write(buf, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.gate.pass();
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

fn gated() -> (AppendLog, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let dir = Gated { disk: Disk::new(1), gate: Arc::clone(&gate) };
    (AppendLog::open_in(Arc::new(dir), None, 8 << 10, 64 << 10).unwrap(), gate)
}

#[test]
fn commits_that_meet_a_sync_share_the_next_one() {
    const LATE: u64 = 6;
    let (log, gate) = gated();
    let (arrived, leave) = gate.arm();
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
    let (log, gate) = gated();
    let (arrived, leave) = gate.arm();
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
