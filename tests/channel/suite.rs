//! The promises every channel makes, as functions over a builder of a pair of ends.

use bedplate::channel::{
    self, Builder, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError,
    TrySendError,
};
use bedplate::queue::{Pop, Push};
use bedplate::time::{Clock, Deadline, Instant, Manual};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

pub type Ends<T, P, C> = (Sender<T, P>, Receiver<T, C>);

const MINUTE: Duration = Duration::from_secs(60);

/// Returns once `threads` threads sleep on the clock.
fn until_asleep(time: &Manual, threads: usize) {
    while time.sleepers() < threads {
        thread::yield_now();
    }
}

pub fn smoke<P: Push<u32>, C: Pop<u32>>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    let (tx, rx) = build(channel::builder(2));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(tx.try_send(1), Ok(()));
    assert_eq!(tx.send(2), Ok(()));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert!(tx.is_full() && rx.is_full());
    assert_eq!((tx.len(), rx.len(), tx.capacity(), rx.capacity()), (2, 2, 2, 2));
    assert_eq!((rx.recv(), rx.try_recv()), (Ok(1), Ok(2)));
    assert!(tx.is_empty() && rx.is_empty());
    let stats = rx.stats();
    assert_eq!((stats.sent, stats.received, stats.len, stats.capacity, stats.closed), (2, 2, 0, 2, false));
    assert_eq!((stats.senders, stats.receivers, stats.parked_senders, stats.parked_receivers), (1, 1, 0, 0));
    assert_eq!(tx.stats(), stats);
}

/// A receiver waits for exactly the timeout, and an item ends the wait.
pub fn receive_timeouts<P: Push<u32>, C: Pop<u32> + Send>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    let time = Manual::new();
    let clock = Clock::from(time.clone());
    let (gave_up, first_ended) = mpsc::channel();
    let (tx, rx) = build(channel::builder(1).clock(time.clone()));
    thread::scope(|s| {
        let waiting = s.spawn(move || {
            let timed_out = rx.recv_timeout(MINUTE);
            let woke = clock.now();
            gave_up.send(()).unwrap();
            (timed_out, woke, rx.recv_timeout(MINUTE), rx)
        });
        until_asleep(&time, 1);
        assert_eq!(tx.stats().parked_receivers, 1);
        time.advance(MINUTE - Duration::from_nanos(1));
        until_asleep(&time, 1);
        time.advance(Duration::from_nanos(1));
        first_ended.recv().unwrap();
        until_asleep(&time, 1);
        tx.send(7).unwrap();
        let (timed_out, woke, second, rx) = waiting.join().unwrap();
        assert_eq!(timed_out, Err(RecvTimeoutError::Timeout));
        assert!(woke >= Instant::from_nanos(60_000_000_000), "not before the deadline");
        assert_eq!(second, Ok(7));
        // Past deadlines: what is there comes, what is not does not wait.
        tx.send(8).unwrap();
        assert_eq!(rx.recv_deadline(Deadline::at(Instant::from_nanos(0))), Ok(8));
        assert_eq!(rx.recv_deadline(Deadline::at(Instant::from_nanos(0))), Err(RecvTimeoutError::Timeout));
        assert_eq!(rx.recv_many_timeout(&mut Vec::new(), 4, Duration::ZERO), Err(RecvTimeoutError::Timeout));
    });
}

/// A sender waits for exactly the timeout, gets its item back, and room ends the wait.
pub fn send_timeouts<P: Push<u32> + Send, C: Pop<u32>>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    let time = Manual::new();
    let clock = Clock::from(time.clone());
    let (gave_up, first_ended) = mpsc::channel();
    let (tx, rx) = build(channel::builder(1).clock(time.clone()));
    tx.send(1).unwrap();
    thread::scope(|s| {
        let waiting = s.spawn(move || {
            let timed_out = tx.send_timeout(2, MINUTE);
            let woke = clock.now();
            gave_up.send(()).unwrap();
            (timed_out, woke, tx.send_timeout(3, MINUTE), tx)
        });
        until_asleep(&time, 1);
        assert_eq!(rx.stats().parked_senders, 1);
        time.advance(MINUTE - Duration::from_nanos(1));
        until_asleep(&time, 1);
        assert_eq!(rx.len(), 1);
        time.advance(Duration::from_nanos(1));
        first_ended.recv().unwrap();
        until_asleep(&time, 1);
        assert_eq!(rx.recv(), Ok(1));
        let (timed_out, woke, second, tx) = waiting.join().unwrap();
        assert_eq!(timed_out, Err(SendTimeoutError::Timeout(2)));
        assert!(woke >= Instant::from_nanos(60_000_000_000), "not before the deadline");
        assert_eq!(second, Ok(()));
        assert_eq!(rx.recv(), Ok(3));
        // Past deadlines: where there is room it is sent, where not it does not wait.
        assert_eq!(tx.send_deadline(4, Deadline::at(Instant::from_nanos(0))), Ok(()));
        let refused = tx.send_deadline(5, Deadline::at(Instant::from_nanos(0)));
        assert_eq!(refused, Err(SendTimeoutError::Timeout(5)));
        let mut items = vec![6, 7];
        assert_eq!(tx.send_all_timeout(&mut items, Duration::ZERO), Err(SendTimeoutError::Timeout(())));
        assert_eq!(items, [6, 7]);
    });
}

/// From either end, a close refuses sends, keeps what is inside, and wakes who waits.
pub fn close_then_drain<P: Push<u32>, C: Pop<u32>>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    for by_sender in [true, false] {
        let (tx, rx) = build(channel::builder(3));
        tx.send_all(&mut vec![1, 2]).unwrap();
        assert!(if by_sender { tx.close() } else { rx.close() });
        assert!(!tx.close() && !rx.close(), "closed before");
        assert!(tx.is_closed() && rx.is_closed());
        assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
        assert_eq!(tx.send(3), Err(SendError(3)));
        assert_eq!(tx.send_timeout(3, MINUTE), Err(SendTimeoutError::Closed(3)));
        let mut items = vec![3, 4];
        assert_eq!(tx.try_send_all(&mut items), Err(TrySendError::Closed(())));
        assert_eq!(tx.send_all(&mut items), Err(SendError(())));
        assert_eq!(items, [3, 4]);
        assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(rx.recv(), Err(RecvError));
        assert_eq!(rx.recv_timeout(MINUTE), Err(RecvTimeoutError::Closed));
        assert_eq!(rx.recv_many(&mut items, 9), Err(RecvError));
        assert_eq!(rx.try_recv_many(&mut items, 9), Err(TryRecvError::Closed));
    }
}

pub fn close_wakes_a_receiver<P: Push<u32>, C: Pop<u32> + Send>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    let (tx, rx) = build(channel::builder(1));
    thread::scope(|s| {
        let waiting = s.spawn(move || rx.recv());
        while tx.stats().parked_receivers == 0 {
            thread::yield_now();
        }
        tx.close();
        assert_eq!(waiting.join().unwrap(), Err(RecvError));
    });
}

pub fn close_wakes_a_sender<P: Push<u32> + Send, C: Pop<u32>>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    let (tx, rx) = build(channel::builder(1));
    tx.send(1).unwrap();
    thread::scope(|s| {
        let waiting = s.spawn(move || tx.send(2));
        while rx.stats().parked_senders == 0 {
            thread::yield_now();
        }
        rx.close();
        assert_eq!(waiting.join().unwrap(), Err(SendError(2)));
    });
    assert_eq!(rx.iter().collect::<Vec<_>>(), [1]);
}

pub fn the_last_sender_closes<P: Push<u32>, C: Pop<u32>>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    let (tx, rx) = build(channel::builder(2));
    tx.send(1).unwrap();
    drop(tx);
    assert!(rx.is_closed());
    assert_eq!((&rx).into_iter().collect::<Vec<_>>(), [1]);
}

/// What is inside is dropped with the last receiver, once, and senders get theirs back.
pub fn the_last_receiver_closes<P: Push<Arc<()>>, C: Pop<Arc<()>>>(build: impl Fn(Builder) -> Ends<Arc<()>, P, C>) {
    let token = Arc::new(());
    let (tx, rx) = build(channel::builder(3));
    tx.send_all(&mut vec![Arc::clone(&token); 3]).unwrap();
    assert_eq!(Arc::strong_count(&token), 4);
    drop(rx);
    assert_eq!(Arc::strong_count(&token), 1, "dropped at once, with the sender alive");
    let refused = tx.send(Arc::clone(&token)).unwrap_err().into_inner();
    assert!(Arc::ptr_eq(&refused, &token));
    drop((tx, refused));
    assert_eq!(Arc::strong_count(&token), 1);
}

/// `send_all` waits for room again and again, `recv_many` takes what is there.
pub fn batches<P: Push<u32> + Send, C: Pop<u32>>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    let (tx, rx) = build(channel::builder(4));
    thread::scope(|s| {
        s.spawn(move || {
            let mut items: Vec<_> = (0..1_000).collect();
            tx.send_all(&mut items).unwrap();
            assert!(items.is_empty());
        });
        let mut out = Vec::new();
        while let Ok(n) = rx.recv_many(&mut out, 3) {
            assert!((1..=3).contains(&n));
        }
        assert!(out.into_iter().eq(0..1_000));
    });

    let (tx, rx) = build(channel::builder(2));
    let mut items = vec![1, 2, 3];
    assert_eq!(tx.try_send_all(&mut items), Err(TrySendError::Full(())));
    assert_eq!(items, [3]);
    let mut out = Vec::new();
    assert_eq!(rx.recv_many(&mut out, 0), Ok(0));
    assert_eq!(rx.try_recv_many(&mut out, 1), Ok(1));
    assert_eq!(rx.try_recv_many(&mut out, 9), Ok(1));
    assert_eq!(rx.try_recv_many(&mut out, 9), Err(TryRecvError::Empty));
    assert_eq!(out, [1, 2]);
    assert_eq!(tx.try_send_all(&mut items), Ok(()));
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [3]);
}

/// With little room and much waiting on both sides, each item arrives once.
pub fn many_to_many<P, C>(build: impl Fn(Builder) -> Ends<u64, P, C>)
where
    P: Push<u64> + Clone + Send,
    C: Pop<u64> + Clone + Send,
{
    const SENDERS: u64 = 4;
    const ITEMS: u64 = 1_500;
    for capacity in [1, 3] {
        let (tx, rx) = build(channel::builder(capacity));
        let (count, sum) = thread::scope(|s| {
            for id in 0..SENDERS {
                let tx = tx.clone();
                s.spawn(move || (id * ITEMS..(id + 1) * ITEMS).for_each(|n| tx.send(n).unwrap()));
            }
            assert_eq!(rx.stats().receivers, 1);
            let receivers: Vec<_> = (0..3)
                .map(|_| {
                    let rx = rx.clone();
                    s.spawn(move || rx.iter().fold((0, 0), |(count, sum), n| (count + 1, sum + n)))
                })
                .collect();
            drop(tx);
            receivers.into_iter().map(|r| r.join().unwrap()).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        });
        assert_eq!((count, sum), (SENDERS * ITEMS, (0..SENDERS * ITEMS).sum()));
        let stats = rx.stats();
        assert_eq!((stats.senders, stats.receivers, stats.closed), (0, 1, true));
        assert_eq!((stats.sent, stats.received, stats.len), (SENDERS * ITEMS, SENDERS * ITEMS, 0));
    }
}

/// A send that races with a close from the receiver is received after it, or comes back.
pub fn close_racing_with_send<P: Push<u32> + Send, C: Pop<u32>>(build: impl Fn(Builder) -> Ends<u32, P, C>) {
    for round in 0..200 {
        let (tx, rx) = build(channel::builder(2));
        let (accepted, seen) = thread::scope(|s| {
            let sending = s.spawn(move || {
                let accepted = (0..).take_while(|n| tx.send(*n).is_ok()).count();
                (accepted, tx) // Not dropped: a drop would close the channel once more.
            });
            let mut seen: Vec<_> = rx.iter().take(round % 10).collect();
            rx.close();
            seen.extend(&rx);
            (sending.join().unwrap().0, seen)
        });
        assert!(seen.into_iter().eq(0..accepted as u32), "accepted: {accepted}");
    }
}
