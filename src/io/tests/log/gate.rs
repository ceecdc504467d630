use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::disk::Fault;

/// Holds the writes of frames, once it is closed, until the test lets each go.
#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<Option<Sender<Held>>>);

/// A write that waits. Dropped, it goes on.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) offset: u64,
    pub(super) len: usize,
    leave: Sender<Option<Fault>>,
}

impl Held {
    pub(super) fn release(self) {
        self.leave.send(None).unwrap();
    }

    pub(super) fn fail(self, fault: Fault) {
        self.leave.send(Some(fault)).unwrap();
    }
}

impl Gate {
    /// From now on writes come out of this in the order in which they begin. When it is dropped the gate is open.
    pub(super) fn close(&self) -> Receiver<Held> {
        let (arrive, arrived) = channel();
        *self.0.lock().unwrap() = Some(arrive);
        arrived
    }

    /// Waits for leave, with what is to go wrong then.
    pub(super) fn pass(&self, offset: u64, len: usize) -> Option<Fault> {
        let arrive = self.0.lock().unwrap().clone()?;
        let (leave, left) = channel();
        arrive.send(Held { offset, len, leave }).ok()?;
        left.recv().ok().flatten()
    }
}
