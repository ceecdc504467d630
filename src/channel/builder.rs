use std::fmt;

use super::hook::{Closure, Hook};
use super::shared::Shared;
use super::waiters::Waiters;
use super::{
    MpscReceiver, MpscSender, Receiver, SegmentedReceiver, SegmentedSender, Sender, SpmcReceiver, SpmcSender,
    SpscReceiver, SpscSender, Wait,
};
use crate::primitive::Arc;
use crate::queue::{self, Bounded, Pop, Push, Segmented};
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

/// A channel over a ring of exactly `capacity` slots, for any number of senders and one receiver, which cannot be cloned
/// or shared. See [`queue::mpsc`](crate::queue::mpsc).
///
/// ```
/// use bedplate::channel;
///
/// let (tx, rx) = channel::mpsc(64);
/// let workers = [0, 1].map(|part| {
///     let tx = tx.clone();
///     std::thread::spawn(move || (0..1_000).try_for_each(|n| tx.send(2 * n + part)))
/// });
/// drop(tx);
/// assert_eq!(rx.iter().sum::<i32>(), (0..2_000).sum());
/// workers.map(|worker| worker.join().unwrap().unwrap());
/// ```
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
pub fn mpsc<T>(capacity: usize) -> (MpscSender<T>, MpscReceiver<T>) {
    builder(capacity).build_mpsc()
}

/// A channel over a ring of exactly `capacity` slots, for one sender, which cannot be cloned or shared, and any number
/// of receivers. See [`queue::spmc`](crate::queue::spmc).
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
pub fn spmc<T>(capacity: usize) -> (SpmcSender<T>, SpmcReceiver<T>) {
    builder(capacity).build_spmc()
}

/// Starts a channel of `capacity` items with options. [`bounded`], [`segmented`], [`spsc`], [`mpsc`] and [`spmc`] are the
/// short way without any.
pub fn builder(capacity: usize) -> Builder {
    Builder { capacity, clock: None, wait: None, on_readable: None, on_writable: None }
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
#[derive(Clone)]
#[must_use = "a builder does nothing until one of its `build` methods is called"]
pub struct Builder {
    capacity: usize,
    clock: Option<Clock>,
    wait: Option<Wait>,
    on_readable: Option<Closure>,
    on_writable: Option<Closure>,
}

impl Builder {
    /// The clock that timeouts and deadlines are of; `Clock::Monotonic` if not set.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = Some(clock.into());
        self
    }

    /// How threads wait; [`Wait::SpinThenPark`] if not set.
    pub fn wait(mut self, wait: Wait) -> Self {
        self.wait = Some(wait);
        self
    }

    /// What [`Receiver::arm`] has called, once for each arming, when there may be something to receive or the channel
    /// is closed. It makes a foreign event loop look: by writing to an eventfd or a pipe it polls, or by unparking it.
    ///
    /// It runs in the call of whoever makes the channel ready, after the item is in and without a lock held; so it is
    /// to be short, and may use the channel; an end that it owns would keep the channel open for good. A panic in it goes no further than the panic hook, since it would take the
    /// item of a bystander with it; [`Stats::hook_panics`](super::Stats::hook_panics) counts it.
    ///
    /// With an eventfd, which any loop over epoll or poll can wait for:
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use bedplate::channel;
    /// use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
    /// use std::sync::Arc;
    ///
    /// let readable = Arc::new(eventfd(0, EventfdFlags::NONBLOCK)?);
    /// let ring = Arc::clone(&readable);
    /// let hook = move || drop(rustix::io::write(&ring, &1_u64.to_ne_bytes()));
    /// let (tx, rx) = channel::builder(16).on_readable(hook).build();
    ///
    /// assert_eq!(rx.arm(), channel::Ready::Later);
    /// tx.send(7).unwrap();
    /// let mut polled = [PollFd::new(&readable, PollFlags::IN)];
    /// assert_eq!(poll(&mut polled, None)?, 1);
    /// assert_eq!(rx.try_recv(), Ok(7));
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_readable(mut self, closure: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_readable = Some(std::sync::Arc::new(closure));
        self
    }

    /// What [`Sender::arm`] has called, once for each arming, when there may be room or the channel is closed. The rest
    /// is as for [`on_readable`](Self::on_readable).
    pub fn on_writable(mut self, closure: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_writable = Some(std::sync::Arc::new(closure));
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
        let (producer, consumer) = queue::spsc::ring(self.capacity);
        self.connect(producer, consumer)
    }

    /// The channel of [`mpsc`].
    ///
    /// # Panics
    ///
    /// As [`mpsc`].
    pub fn build_mpsc<T>(self) -> (MpscSender<T>, MpscReceiver<T>) {
        let (producer, consumer) = queue::mpsc::ring(self.capacity);
        self.connect(producer, consumer)
    }

    /// The channel of [`spmc`].
    ///
    /// # Panics
    ///
    /// As [`spmc`].
    pub fn build_spmc<T>(self) -> (SpmcSender<T>, SpmcReceiver<T>) {
        let (producer, consumer) = queue::spmc::ring(self.capacity);
        self.connect(producer, consumer)
    }

    fn connect<T, S: Push<T>, R: Pop<T>>(self, pushing: S, popping: R) -> (Sender<T, S>, Receiver<T, R>) {
        let not_empty = Waiters::new(self.on_readable.map(Hook::new), S::CLAIMS);
        let not_full = Waiters::new(self.on_writable.map(Hook::new), R::CLAIMS);
        let shared = Shared::new(not_empty, not_full, self.wait.unwrap_or_default(), self.clock.unwrap_or_default());
        let shared = Arc::new(shared);
        (Sender::new(pushing, Arc::clone(&shared)), Receiver::new(popping, shared))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("capacity", &self.capacity)
            .field("clock", &self.clock)
            .field("wait", &self.wait)
            .field("on_readable", &self.on_readable.is_some())
            .field("on_writable", &self.on_writable.is_some())
            .finish()
    }
}
