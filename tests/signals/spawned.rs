//! The batcher with a thread.

use bedplate::batch::SignalBatcher;
use bedplate::batch::signals::{SignalBatch, SignalSet, Signo};
use std::io::ErrorKind;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{assert_whole, flooder, is_pending, limit_pending, queue_up, rt, send};

crate::cases! {
    batches_come_to_the_handler_on_the_named_thread,
    a_close_hands_over_what_is_pending,
    a_close_ends_although_signals_come_and_come,
    a_close_cuts_the_linger,
    a_panic_of_the_handler_goes_no_further,
    a_drop_waits_no_longer_than_it_may,
    a_handler_may_end_its_own_thread,
    an_idle_thread_ends_at_once,
    a_recheck_finds_a_careless_thread,
}

/// A handler that waits for a word before each batch and reports the values in it.
fn gated() -> (Sender<()>, Receiver<Vec<i32>>, impl FnMut(&SignalBatch) + Send + 'static) {
    let (open, opened) = mpsc::channel();
    let (report, reported) = mpsc::channel();
    let handler = move |batch: &SignalBatch| {
        let _ = opened.recv();
        let _ = report.send(batch.iter().map(|signal| signal.value().unwrap()).collect());
    };
    (open, reported, handler)
}

fn until_read() {
    while is_pending(rt(0)) {
        thread::yield_now();
    }
}

fn batches_come_to_the_handler_on_the_named_thread() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let (report, reported) = mpsc::channel();
    let (started, start) = mpsc::channel();
    let signals = SignalBatcher::builder(set)
        .on_thread_start(move || started.send(thread::current().id()).unwrap())
        .spawn("my signals", move |batch| {
            let thread = thread::current();
            report.send((thread.name().unwrap().to_owned(), thread.id(), batch.len())).unwrap();
        })
        .unwrap();
    (0..50).for_each(|value| queue_up(rt(0), value));
    let (mut came, id) = (0, start.recv().unwrap());
    while came < 50 {
        let (name, on, len) = reported.recv().unwrap();
        assert_eq!((name.as_str(), on), ("my signals", id));
        came += len;
    }
    signals.close().unwrap();
    assert_eq!((came, signals.stats().received), (50, 50));
    assert_whole(signals.stats());
}

fn a_close_hands_over_what_is_pending() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let (open, reported, handler) = gated();
    let signals = SignalBatcher::builder(set).linger(Duration::ZERO).spawn("signals", handler).unwrap();
    queue_up(rt(0), 0);
    until_read();
    (1..=120).for_each(|value| queue_up(rt(0), value));
    assert_eq!(signals.try_close().unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(signals.close_timeout(Duration::from_millis(5)).unwrap_err().kind(), ErrorKind::TimedOut);
    drop(open);
    signals.close().unwrap();
    signals.close().unwrap();
    let batches: Vec<_> = reported.iter().collect();
    assert!(batches.concat().into_iter().eq(0..=120), "{batches:?}");
    let stats = signals.stats();
    assert_eq!((stats.received, stats.by_items, stats.by_close), (121, 2, 1), "{stats:?}");
    assert_whole(stats);
}

fn a_close_ends_although_signals_come_and_come() {
    limit_pending(1_000);
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let (seen, sees) = mpsc::channel();
    let handler = move |_: &SignalBatch| seen.send(()).unwrap_or_default();
    // A batch of one is full, so the thread never has to wait, and the handler is what it spends its time with.
    let signals = SignalBatcher::builder(set).max_items(1).spawn("signals", handler).unwrap();
    let mut children = [flooder(rt(0)), flooder(rt(0))];
    sees.iter().take(1_000).for_each(drop);
    let closed = signals.close_timeout(Duration::from_secs(20));
    children.iter_mut().for_each(|child| child.kill().unwrap());
    children.iter_mut().for_each(|child| assert!(!child.wait().unwrap().success()));
    closed.unwrap();
    assert_whole(signals.stats());
    std::mem::forget(_blocked);
}

fn a_close_cuts_the_linger() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let (open, reported, handler) = gated();
    let signals = SignalBatcher::builder(set).linger(Duration::MAX).spawn("signals", handler).unwrap();
    queue_up(rt(0), 5);
    until_read();
    drop(open);
    signals.close().unwrap();
    assert_eq!(reported.iter().collect::<Vec<_>>(), [[5]]);
    assert_eq!(signals.stats().by_close, 1);
}

fn a_panic_of_the_handler_goes_no_further() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let (report, reported) = mpsc::channel();
    let signals = SignalBatcher::builder(set)
        .linger(Duration::ZERO)
        .on_thread_start(|| panic!("the test wants it"))
        .spawn("signals", move |batch| {
            report.send(batch[0].value().unwrap()).unwrap();
            assert_ne!(batch[0].value(), Some(0), "the test wants it");
        })
        .unwrap();
    for value in 0..2 {
        queue_up(rt(0), value);
        assert_eq!(reported.recv().unwrap(), value);
    }
    signals.close().unwrap();
    assert_eq!((signals.stats().panics, signals.stats().received), (2, 2));
}

fn a_drop_waits_no_longer_than_it_may() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let (open, reported, handler) = gated();
    let timeout = Duration::from_millis(20);
    let signals =
        SignalBatcher::builder(set).linger(Duration::ZERO).drop_timeout(timeout).spawn("signals", handler).unwrap();
    queue_up(rt(0), 0);
    until_read();
    queue_up(rt(0), 1);
    let before = Instant::now();
    drop(signals);
    assert!(before.elapsed() >= timeout);
    // What was pending is handed over all the same.
    drop(open);
    assert_eq!(reported.iter().collect::<Vec<_>>(), [[0], [1]]);
}

fn a_handler_may_end_its_own_thread() {
    let set = SignalSet::from([Signo::TERM]);
    let _blocked = set.block().unwrap();
    let own = Arc::new(Mutex::new(None));
    let (report, reported) = mpsc::channel();
    let theirs = Arc::clone(&own);
    let signals = SignalBatcher::builder(set)
        .drop_timeout(Duration::MAX)
        .spawn("signals", move |batch| {
            drop(theirs.lock().unwrap().take());
            report.send(batch.len()).unwrap();
        })
        .unwrap();
    *own.lock().unwrap() = Some(signals);
    send(Signo::TERM);
    assert_eq!(reported.iter().collect::<Vec<_>>(), [1], "the handler was dropped, so the thread has ended");
}

fn an_idle_thread_ends_at_once() {
    let set = SignalSet::from([Signo::TERM]);
    let _blocked = set.block().unwrap();
    let signals = SignalBatcher::builder(set).spawn("signals", |_| panic!("nothing was sent")).unwrap();
    signals.close().unwrap();
    assert_eq!((signals.stats().batches, signals.stats().panics), (0, 0));
    assert_eq!(std::fs::read_dir("/proc/self/task").unwrap().count(), 1, "the thread is gone");
}

fn a_recheck_finds_a_careless_thread() {
    let (go_on, goes_on) = mpsc::channel::<()>();
    let careless = thread::spawn(move || goes_on.recv().unwrap_or_default());
    let set = SignalSet::from([Signo::TERM]);
    let _blocked = set.block().unwrap();
    let signals = SignalBatcher::builder(set).assume_blocked().spawn("signals", |_| ()).unwrap();
    assert!(signals.recheck().is_err());
    drop(go_on);
    careless.join().unwrap();
    signals.recheck().unwrap();
}
