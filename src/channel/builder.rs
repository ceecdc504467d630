use super::shared::Shared;
use super::{Receiver, SegmentedReceiver, SegmentedSender, Sender, SpscReceiver, SpscSender};
use crate::primitive::Arc;
use crate::queue::{Bounded, Pop, Push, Segmented, spsc as ring};
use crate::time::Clock;

/// A channel over a ring of exactly `capacity` slots, for any number of senders and receivers. See
/// [`queue::Bounded`](Bounded).
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    builder(capacity).build()
}

/// A channel of at most `limit` items whose memory follows its content, for any number of senders and receivers. See
/// [`queue::Segmented`](Segmented).
///
/// # Panics
///
/// If `limit` is zero or above `isize::MAX / 2`.
pub fn segmented<T>(limit: usize) -> (SegmentedSender<T>, SegmentedReceiver<T>) {
    builder(limit).build_segmented()
}

/// A channel over a ring of exactly `capacity` slots, for one sender and one receiver: neither can be cloned or shared.
/// See [`queue::spsc`](crate::queue::spsc).
///
/// ```
/// use bedplate::channel;
///
/// let (tx, rx) = channel::spsc(64);
/// let producer = std::thread::spawn(move || (0..1_000).try_for_each(|n| tx.send(n)));
/// assert!(rx.iter().eq(0..1_000));
/// producer.join().unwrap().unwrap();
/// ```
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
pub fn spsc<T>(capacity: usize) -> (SpscSender<T>, SpscReceiver<T>) {
    builder(capacity).build_spsc()
}

/// Starts a channel of `capacity` items with options. [`bounded`], [`segmented`] and [`spsc`] are the short way without
/// any.
pub fn builder(capacity: usize) -> Builder {
    Builder { capacity, clock: None }
}

/// The options of a channel, from [`builder`].
///
/// ```
/// use bedplate::channel::{self, RecvTimeoutError};
/// use bedplate::time::Manual;
/// use std::time::Duration;
///
/// let time = Manual::new();
/// let (_tx, rx) = channel::builder(8).clock(time.clone()).build::<u32>();
/// std::thread::scope(|s| {
///     let waiting = s.spawn(|| rx.recv_timeout(Duration::from_secs(60)));
///     while time.sleepers() == 0 {
///         std::thread::yield_now();
///     }
///     time.advance(Duration::from_secs(60)); // No one has slept for a minute.
///     assert_eq!(waiting.join().unwrap(), Err(RecvTimeoutError::Timeout));
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until one of its `build` methods is called"]
pub struct Builder {
    capacity: usize,
    clock: Option<Clock>,
}

impl Builder {
    /// The clock that timeouts and deadlines are of; `Clock::Monotonic` if not set.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = Some(clock.into());
        self
    }

    /// The channel of [`bounded`].
    ///
    /// # Panics
    ///
    /// As [`bounded`].
    pub fn build<T>(self) -> (Sender<T>, Receiver<T>) {
        let queue = Arc::new(Bounded::new(self.capacity));
        self.connect(Arc::clone(&queue), queue)
    }

    /// The channel of [`segmented`].
    ///
    /// # Panics
    ///
    /// As [`segmented`].
    pub fn build_segmented<T>(self) -> (SegmentedSender<T>, SegmentedReceiver<T>) {
        let queue = Arc::new(Segmented::new(self.capacity));
        self.connect(Arc::clone(&queue), queue)
    }

    /// The channel of [`spsc`].
    ///
    /// # Panics
    ///
    /// As [`spsc`].
    pub fn build_spsc<T>(self) -> (SpscSender<T>, SpscReceiver<T>) {
        let (producer, consumer) = ring::ring(self.capacity);
        self.connect(producer, consumer)
    }

    fn connect<T, S: Push<T>, R: Pop<T>>(self, pushing: S, popping: R) -> (Sender<T, S>, Receiver<T, R>) {
        let shared = Arc::new(Shared::new(self.clock.unwrap_or_default()));
        (Sender::new(pushing, Arc::clone(&shared)), Receiver::new(popping, shared))
    }
}
