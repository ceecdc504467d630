//! What a receiver costs that waits.

use super::ends::Channel;
use super::pingpong::one_each;
use crate::harness::{on_cpu, thread_cpu};
use crate::suite::shape::CAPACITY;
use std::any::Any;
use std::thread;
use std::time::Duration;

/// A receiver on an empty channel, and what closes the channel when dropped.
pub struct Waiting {
    receive: Box<dyn FnOnce() -> Duration + Send>,
    sender: Box<dyn Any>,
}

impl Waiting {
    /// On a channel of the usual capacity.
    pub fn on<C: Channel<u64, Sender: 'static, Receiver: 'static>>() -> Self {
        let (sender, receiver) = one_each::<C>(CAPACITY);
        let receive = move || {
            let before = thread_cpu();
            assert_eq!(C::recv(&receiver), None, "nothing is sent");
            thread_cpu() - before
        };
        Self { receive: Box::new(receive), sender: Box::new(sender) }
    }
}

/// The CPU time of the thread of each receiver that waits for `wait`, all at the same time, until its channel is closed.
pub fn idle(waiting: Vec<Waiting>, wait: Duration) -> Vec<Duration> {
    thread::scope(|scope| {
        let (receives, senders): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.receive, waiting.sender)).unzip();
        let threads: Vec<_> = receives
            .into_iter()
            .enumerate()
            .map(|(index, receive)| scope.spawn(move || on_cpu(index, receive)))
            .collect();
        thread::sleep(wait);
        drop(senders);
        threads.into_iter().map(|thread| thread.join().expect("a contender failed its check")).collect()
    })
}
