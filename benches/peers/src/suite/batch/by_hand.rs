//! Batchers as they are usually written by hand: a channel, or a vector under a lock, and a thread.

use super::gather::{Bounds, Gather};
use crossbeam::channel as crossbeam_channel;
use parking_lot::{Condvar, Mutex};
use std::mem;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// A channel and the thread that receives from it.
#[derive(Debug)]
pub struct Consumer<S> {
    sender: S,
    thread: JoinHandle<()>,
}

/// A batcher of that name: its sender, how its channel is made, and what its thread does.
macro_rules! channel {
    ($(#[$doc:meta])* $name:ident: $sender:ty, $bounded:path, $receive:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Consumer<$sender>);

        impl Gather for $name {
            type Producer = $sender;

            fn start(bounds: Bounds, handle: impl FnMut(&mut Vec<u64>) + Send + 'static) -> Self {
                let (sender, receiver) = $bounded(bounds.capacity);
                let thread = thread::spawn(move || $receive(&receiver, bounds, handle));
                Self(Consumer { sender, thread })
            }

            fn producer(&self) -> Self::Producer {
                self.0.sender.clone()
            }

            #[inline]
            fn push(producer: &mut Self::Producer, item: u64) {
                producer.send(item).expect("the consumer is there");
            }

            fn finish(self) {
                drop(self.0.sender);
                self.0.thread.join().expect("the handler does not panic");
            }
        }
    };
}

channel!(
    /// Looks whenever it has slept for the linger, whether something came or not.
    Ticking: crossbeam_channel::Sender<u64>, crossbeam_channel::bounded, look_after_each_sleep
);
channel!(
    /// Receives until the batch is full or its linger is over.
    CrossbeamDeadline: crossbeam_channel::Sender<u64>, crossbeam_channel::bounded, receive_until_deadline
);
channel!(
    /// Receives what is there.
    CrossbeamTry: crossbeam_channel::Sender<u64>, crossbeam_channel::bounded, receive_what_is_there
);
channel!(
    /// Receives one item, sleeps for the linger, and receives what is there by then.
    CrossbeamSleep: crossbeam_channel::Sender<u64>, crossbeam_channel::bounded, receive_after_a_sleep
);
channel!(
    /// Drains the channel, which may hold more than a full batch.
    FlumeDrain: flume::Sender<u64>, flume::bounded, drain_flume
);
channel!(
    /// Drains the channel, which may hold more than a full batch.
    KanalDrain: kanal::Sender<u64>, kanal::bounded, drain_kanal
);

fn receive_until_deadline(
    receiver: &crossbeam_channel::Receiver<u64>,
    bounds: Bounds,
    mut handle: impl FnMut(&mut Vec<u64>),
) {
    let mut items = Vec::with_capacity(bounds.max_items);
    while let Ok(first) = receiver.recv() {
        items.push(first);
        let deadline = Instant::now() + bounds.linger;
        while items.len() < bounds.max_items {
            let Ok(item) = receiver.recv_deadline(deadline) else { break };
            items.push(item);
        }
        handle(&mut items);
    }
}

fn receive_what_is_there(
    receiver: &crossbeam_channel::Receiver<u64>,
    bounds: Bounds,
    mut handle: impl FnMut(&mut Vec<u64>),
) {
    let mut items = Vec::with_capacity(bounds.max_items);
    while let Ok(first) = receiver.recv() {
        items.push(first);
        items.extend(receiver.try_iter().take(bounds.max_items - 1));
        handle(&mut items);
    }
}

fn receive_after_a_sleep(
    receiver: &crossbeam_channel::Receiver<u64>,
    bounds: Bounds,
    mut handle: impl FnMut(&mut Vec<u64>),
) {
    let mut items = Vec::with_capacity(bounds.max_items);
    while let Ok(first) = receiver.recv() {
        thread::sleep(bounds.linger);
        items.push(first);
        items.extend(receiver.try_iter().take(bounds.max_items - 1));
        handle(&mut items);
    }
}

fn look_after_each_sleep(
    receiver: &crossbeam_channel::Receiver<u64>,
    bounds: Bounds,
    mut handle: impl FnMut(&mut Vec<u64>),
) {
    let mut items = Vec::with_capacity(bounds.max_items);
    while receiver.try_recv().map_or_else(
        |error| error.is_empty(),
        |item| {
            items.push(item);
            true
        },
    ) {
        items.extend(receiver.try_iter().take(bounds.max_items - 1));
        if !items.is_empty() {
            handle(&mut items);
        }
        thread::sleep(bounds.linger);
    }
}

fn drain_flume(receiver: &flume::Receiver<u64>, bounds: Bounds, mut handle: impl FnMut(&mut Vec<u64>)) {
    let mut items = Vec::with_capacity(bounds.capacity);
    while let Ok(first) = receiver.recv() {
        items.push(first);
        items.extend(receiver.drain());
        handle(&mut items);
    }
}

fn drain_kanal(receiver: &kanal::Receiver<u64>, bounds: Bounds, mut handle: impl FnMut(&mut Vec<u64>)) {
    let mut items = Vec::with_capacity(bounds.capacity);
    while let Ok(first) = receiver.recv() {
        items.push(first);
        receiver.drain_into(&mut items).expect("the receiver is there");
        handle(&mut items);
    }
}

/// A vector under a lock.
#[derive(Debug)]
pub struct Locked {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

/// What the producers and the thread of a [`Locked`] share.
#[derive(Debug)]
pub struct Shared {
    bounds: Bounds,
    pending: Mutex<Pending>,
    /// The thread waits here for a first item, then for a full batch.
    work: Condvar,
    /// Producers wait here.
    room: Condvar,
}

#[derive(Debug, Default)]
struct Pending {
    items: Vec<u64>,
    closed: bool,
}

impl Shared {
    /// Takes everything that waits, which may be more than a full batch.
    fn receive(&self, mut handle: impl FnMut(&mut Vec<u64>)) {
        let mut items = Vec::with_capacity(self.bounds.capacity);
        loop {
            {
                let mut pending = self.pending.lock();
                self.work.wait_while(&mut pending, |pending| pending.items.is_empty() && !pending.closed);
                let deadline = Instant::now() + self.bounds.linger;
                let gathers = |pending: &mut Pending| pending.items.len() < self.bounds.max_items && !pending.closed;
                self.work.wait_while_until(&mut pending, gathers, deadline);
                mem::swap(&mut pending.items, &mut items);
                self.room.notify_all();
            }
            if items.is_empty() {
                return;
            }
            handle(&mut items);
        }
    }
}

impl Gather for Locked {
    type Producer = Arc<Shared>;

    fn start(bounds: Bounds, handle: impl FnMut(&mut Vec<u64>) + Send + 'static) -> Self {
        let pending = Pending { items: Vec::with_capacity(bounds.capacity), closed: false };
        let (work, room) = (Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { bounds, pending: Mutex::new(pending), work, room });
        let theirs = Arc::clone(&shared);
        Self { shared, thread: thread::spawn(move || theirs.receive(handle)) }
    }

    fn producer(&self) -> Self::Producer {
        Arc::clone(&self.shared)
    }

    #[inline]
    fn push(producer: &mut Self::Producer, item: u64) {
        let Bounds { max_items, capacity, .. } = producer.bounds;
        let len = {
            let mut pending = producer.pending.lock();
            producer.room.wait_while(&mut pending, |pending| pending.items.len() >= capacity);
            pending.items.push(item);
            pending.items.len()
        };
        if len == 1 || len == max_items {
            producer.work.notify_one();
        }
    }

    fn finish(self) {
        self.shared.pending.lock().closed = true;
        self.shared.work.notify_one();
        self.thread.join().expect("the handler does not panic");
    }
}
