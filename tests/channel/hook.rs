//! The closures that tell a foreign event loop.

use bedplate::channel::{self, Builder, Ready, Receiver, Sender, TryRecvError};
use bedplate::queue::{Pop, Push};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

/// A closure that counts its calls, and the count.
fn counted() -> (impl Fn() + Send + Sync + 'static, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    (count, calls)
}

/// Armed, each end is told once of what it waits for, and not again before it is armed again.
fn one_call_for_each_arming<P: Push<u32>, C: Pop<u32>>(build: impl Fn(Builder) -> (Sender<u32, P>, Receiver<u32, C>)) {
    let ((on_readable, readable), (on_writable, writable)) = (counted(), counted());
    let calls = || (readable.load(Ordering::Relaxed), writable.load(Ordering::Relaxed));
    let (tx, rx) = build(channel::builder(1).on_readable(on_readable).on_writable(on_writable));
    tx.send(1).unwrap();
    assert_eq!(rx.arm(), Ready::Now);
    assert_eq!(tx.arm(), Ready::Later);
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(calls(), (0, 1));
    assert_eq!(tx.arm(), Ready::Now);
    assert_eq!(rx.arm(), Ready::Later);
    assert_eq!(rx.arm(), Ready::Later, "twice is as once");
    tx.send(2).unwrap();
    assert_eq!(calls(), (1, 1));
    assert_eq!(rx.recv(), Ok(2));
    tx.send(3).unwrap();
    assert_eq!(calls(), (1, 1), "not armed any more");
    assert_eq!(tx.arm(), Ready::Later);
    assert_eq!(rx.recv(), Ok(3));
    assert_eq!(rx.arm(), Ready::Later);
    tx.send_all(&mut vec![4]).unwrap();
    assert_eq!(calls(), (2, 2));
    // A close is for both ends to see.
    assert_eq!(tx.arm(), Ready::Later);
    rx.close();
    assert_eq!(calls(), (2, 3));
    assert_eq!((tx.arm(), rx.arm()), (Ready::Now, Ready::Now));
    assert_eq!(rx.stats().hook_panics, 0);
}

#[test]
fn one_call_for_each_arming_of_a_bounded_channel() {
    one_call_for_each_arming(Builder::build);
}

#[test]
fn one_call_for_each_arming_of_a_segmented_channel() {
    one_call_for_each_arming(Builder::build_segmented);
}

#[test]
fn one_call_for_each_arming_of_an_spsc_channel() {
    one_call_for_each_arming(Builder::build_spsc);
}

#[test]
fn the_last_sender_tells_an_armed_receiver() {
    let (on_readable, calls) = counted();
    let (tx, rx) = channel::builder(1).on_readable(on_readable).build::<u32>();
    assert_eq!(rx.arm(), Ready::Later);
    drop(tx);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

/// A parked thread and an armed loop wait at the same end: both are told.
#[test]
fn a_parked_receiver_is_woken_beside_an_armed_loop() {
    let (on_readable, calls) = counted();
    let (tx, rx) = channel::builder(4).on_readable(on_readable).build();
    thread::scope(|s| {
        let parked = s.spawn(|| rx.recv());
        while rx.stats().parked_receivers == 0 {
            thread::yield_now();
        }
        assert_eq!(rx.arm(), Ready::Later);
        tx.send(5).unwrap();
        assert_eq!(parked.join().unwrap(), Ok(5));
    });
    assert_eq!((calls.load(Ordering::Relaxed), rx.stats().receiver_wakes), (1, 1));
}

/// The closure may use the channel, even to arm it again.
#[test]
fn a_closure_may_receive_and_arm() {
    static RECEIVER: OnceLock<Receiver<u32>> = OnceLock::new();
    static SUM: AtomicUsize = AtomicUsize::new(0);
    let drain = || {
        let rx = RECEIVER.get().unwrap();
        // A close is ready for ever.
        while !rx.is_closed() && rx.arm() == Ready::Now {
            SUM.fetch_add(rx.try_iter().sum::<u32>() as usize, Ordering::Relaxed);
        }
    };
    let (tx, rx) = channel::builder(1).on_readable(drain).build();
    assert_eq!(rx.arm(), Ready::Later);
    RECEIVER.set(rx).unwrap();
    for n in 1..=10 {
        tx.try_send(n).unwrap(); // Each finds room: the closure has taken the one before.
    }
    assert_eq!(SUM.load(Ordering::Relaxed), 55);
}

/// Neither the item that is sent nor the one that is received is lost to a closure that panics.
#[test]
fn a_panic_of_a_closure_goes_no_further() {
    let builder = channel::builder(1).on_readable(|| panic!("on_readable")).on_writable(|| panic!("on_writable"));
    let (tx, rx) = builder.build();
    assert_eq!(rx.arm(), Ready::Later);
    assert_eq!(tx.send(1), Ok(()));
    assert_eq!(tx.arm(), Ready::Later);
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(rx.stats().hook_panics, 2);
}

#[test]
#[should_panic(expected = "Receiver::arm: the channel was built without `on_readable`")]
fn a_receiver_without_a_closure_cannot_be_armed() {
    let (_tx, rx) = channel::bounded::<u32>(1);
    let _ = rx.arm();
}

#[test]
#[should_panic(expected = "Sender::arm: the channel was built without `on_writable`")]
fn a_sender_without_a_closure_cannot_be_armed() {
    let (tx, _rx) = channel::bounded::<u32>(1);
    let _ = tx.arm();
}

/// A loop that sleeps between calls of the closure misses no item of several threads.
#[test]
fn a_loop_misses_nothing() {
    const SENDERS: u32 = 3;
    const ITEMS: u32 = 5_000;
    let event_loop = thread::current();
    let (tx, rx) = channel::builder(2).on_readable(move || event_loop.unpark()).build();
    let sum = thread::scope(|s| {
        for _ in 0..SENDERS {
            let tx = tx.clone();
            s.spawn(move || (0..ITEMS).for_each(|n| tx.send(n).unwrap()));
        }
        drop(tx);
        let mut sum = 0;
        loop {
            match rx.try_recv() {
                Ok(n) => sum += n,
                Err(TryRecvError::Closed) => return sum,
                Err(_) if rx.arm() == Ready::Later => thread::park(),
                Err(_) => {}
            }
        }
    });
    assert_eq!(sum, SENDERS * (0..ITEMS).sum::<u32>());
}
