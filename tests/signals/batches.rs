//! When a batch is handed out.

use bedplate::batch::SignalBatcher;
use bedplate::batch::signals::{SignalSet, Signo};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{assert_whole, is_pending, queue_up, rt, send};

crate::cases! {
    a_batch_of_fifty_is_full,
    a_batch_may_be_larger_than_one_read,
    the_first_signal_waits_for_ten_milliseconds,
    signals_that_come_during_the_linger_join_the_batch,
    a_linger_of_zero_takes_what_is_there,
    a_timeout_cuts_the_linger,
    what_a_dropped_batcher_left_is_the_next_ones,
    a_close_takes_what_is_pending,
}

fn a_batch_of_fifty_is_full() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    (0..120).for_each(|value| queue_up(rt(0), value));
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    let sizes: Vec<_> = (0..3).map(|_| signals.next_batch().unwrap().len()).collect();
    assert_eq!(sizes, [50, 50, 20]);
    let stats = signals.stats();
    assert_eq!((stats.batches, stats.by_items, stats.by_linger), (3, 2, 1));
    assert_whole(stats);
}

fn a_batch_may_be_larger_than_one_read() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    for (pending, first) in [(200, 130), (129, 129), (130, 130), (64, 64), (65, 65), (128, 128)] {
        (0..pending).for_each(|value| queue_up(rt(0), value));
        let mut signals = SignalBatcher::builder(set).max_items(130).linger(Duration::ZERO).build().unwrap();
        let batch = signals.next_batch().unwrap();
        assert!(batch.iter().map(|signal| signal.value().unwrap()).eq(0..first), "{pending} pending");
        assert_eq!(signals.close().unwrap().len(), (pending - first) as usize);
    }
}

fn the_first_signal_waits_for_ten_milliseconds() {
    let set = SignalSet::from([Signo::USR1]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    send(Signo::USR1);
    let before = Instant::now();
    assert_eq!(signals.next_batch().unwrap().len(), 1);
    let took = before.elapsed();
    assert!(took >= Duration::from_millis(10), "{took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(signals.stats().by_linger, 1);
}

fn signals_that_come_during_the_linger_join_the_batch() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    queue_up(rt(0), 0);
    let mut signals = SignalBatcher::builder(set).max_items(3).linger(Duration::MAX).build().unwrap();
    let batch = thread::scope(|scope| {
        scope.spawn(|| {
            for value in 1..3 {
                // Until the batcher has read the one before.
                while is_pending(rt(0)) {
                    thread::yield_now();
                }
                queue_up(rt(0), value);
            }
        });
        signals.next_batch().unwrap()
    });
    assert!(batch.iter().map(|signal| signal.value().unwrap()).eq(0..3));
}

fn a_linger_of_zero_takes_what_is_there() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).linger(Duration::ZERO).build().unwrap();
    (0..3).for_each(|value| queue_up(rt(0), value));
    assert_eq!(signals.next_batch().unwrap().len(), 3);
    let stats = signals.stats();
    assert_eq!((stats.by_linger, stats.reads), (1, 1), "it reads once and does not wait");
}

fn a_timeout_cuts_the_linger() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).linger(Duration::MAX).build().unwrap();
    queue_up(rt(0), 1);
    let timeout = Duration::from_millis(20);
    let before = Instant::now();
    assert_eq!(signals.next_batch_timeout(timeout).unwrap().expect("it was pending").len(), 1);
    assert!(before.elapsed() >= timeout, "until then others might have come");
    queue_up(rt(0), 2);
    assert_eq!(signals.try_next_batch().unwrap().expect("it was pending").len(), 1);
    let stats = signals.stats();
    assert_eq!((stats.batches, stats.by_caller), (2, 2));
    assert_whole(stats);
}

fn what_a_dropped_batcher_left_is_the_next_ones() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let mut first = SignalBatcher::builder(set).max_items(2).build().unwrap();
    (0..5).for_each(|value| queue_up(rt(0), value));
    assert_eq!(first.next_batch().unwrap().len(), 2);
    drop(first);
    let mut second = SignalBatcher::builder(set).build().unwrap();
    let left = second.next_batch().unwrap();
    assert!(left.iter().map(|signal| signal.value().unwrap()).eq(2..5));
}

fn a_close_takes_what_is_pending() {
    let set = SignalSet::from([rt(0), Signo::TERM]);
    let blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    (0..500).for_each(|value| queue_up(rt(0), value));
    assert_eq!(signals.next_batch().unwrap().len(), 50);
    send(Signo::TERM);
    let rest = signals.close().unwrap();
    assert_eq!(rest[0].signo(), Signo::TERM);
    assert!(rest[1..].iter().map(|signal| signal.value().unwrap()).eq(50..500));
    assert!(rest.possible_loss().merged.contains(Signo::TERM));
    // Nothing is left that could end the process.
    drop(blocked);
}
