//! Many threads: nothing is lost, doubled or late.

use bedplate::batch::{Coalescer, CoalescerStats, Overflow, PushError};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

fn assert_whole(stats: CoalescerStats) {
    let inside = (stats.pending + stats.in_flight) as u64;
    let keys = stats.handled + stats.failed + stats.left_over + stats.dropped_oldest + inside;
    assert_eq!(stats.pushed, stats.merged + keys, "{stats:?}");
}

#[test]
fn a_close_that_races_with_pushes_loses_and_doubles_nothing() {
    const THREADS: u64 = 16;
    const KEYS: u64 = 9;
    // Each round closes at another moment, with another of the three closes, and with another rule for a full coalescer.
    for round in 0..60 {
        let count = |pairs: &[(u64, u64)]| pairs.iter().map(|pair| pair.1).sum::<u64>();
        let [handled, failed] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
        let (to_handled, to_failed) = (Arc::clone(&handled), Arc::clone(&failed));
        let handler = move |batch: &mut Vec<(u64, u64)>| {
            if batch[0].0.is_multiple_of(5) {
                let half = batch.split_off(batch.len() / 2);
                to_handled.fetch_add(count(&half), Ordering::Relaxed);
                // Not `panic!`: the hook would print it.
                resume_unwind(Box::new("quiet"));
            }
            to_handled.fetch_add(count(batch), Ordering::Relaxed);
            batch.clear();
        };
        let builder = Coalescer::builder(|sum: &mut u64, n| *sum += n)
            .max_items(3)
            .capacity(6)
            .overflow(if round % 2 == 0 { Overflow::Block(Duration::MAX) } else { Overflow::DropOldest })
            .on_failed(move |pairs| ignore(to_failed.fetch_add(count(&pairs), Ordering::Relaxed)));
        let counts = if round % 4 < 2 { builder.spawn("race", handler).unwrap() } else { builder.inline(handler) };
        let start = Barrier::new(THREADS as usize + 1);
        let (pushed, report) = thread::scope(|s| {
            let pushers: Vec<_> = (0..THREADS)
                .map(|t| {
                    let (counts, start) = (&counts, &start);
                    s.spawn(move || {
                        start.wait();
                        for n in 0.. {
                            let key = (t + n * n) % KEYS;
                            match counts.push(key, 1) {
                                Ok(()) => {}
                                Err(PushError::Closed(pair)) if pair == (key, 1) => return n,
                                Err(other) => panic!("{other}"),
                            }
                        }
                        unreachable!("the close ends it")
                    })
                })
                .collect();
            start.wait();
            while counts.stats().pushed < round * 11 {
                assert_whole(counts.stats());
                thread::yield_now();
            }
            let report = match round % 3 {
                0 => counts.close(),
                1 => counts.close_timeout(Duration::from_micros(round)),
                _ => counts.try_close(),
            };
            (pushers.into_iter().map(|p| p.join().unwrap()).sum::<u64>(), report)
        });
        // The batch that the handler had in hand ends before this returns.
        let rest = counts.close();
        assert_eq!((rest.in_flight, rest.left_over.len()), (0, 0));
        let stats = counts.stats();
        assert_whole(stats);
        assert_eq!(stats.pushed, pushed, "round {round}");
        let [handled, failed] = [handled, failed].map(|sum| sum.load(Ordering::Relaxed));
        let ends = handled + failed + count(&report.left_over) + stats.dropped_oldest + stats.dropped_merged;
        assert_eq!(ends, pushed, "round {round}");
    }
}

fn ignore<T>(_: T) {}

#[test]
fn what_a_thread_has_pushed_is_handled_when_its_flush_returns() {
    const THREADS: usize = 4;
    // All threads push to the same three keys. A value has for each thread the number of its last push, so that what is merged, or
    // handled in some batch, is at least what came before.
    type Last = [u64; THREADS];
    let most = |last: &mut Last, more: Last| last.iter_mut().zip(more).for_each(|(last, more)| *last = more.max(*last));
    for inline in [false, true] {
        let seen: Arc<[[AtomicU64; THREADS]; 3]> = Arc::default();
        let theirs = Arc::clone(&seen);
        let handler = move |batch: &mut Vec<(usize, Last)>| {
            for (key, last) in batch.drain(..) {
                for (seen, last) in theirs[key].iter().zip(last) {
                    let before = seen.fetch_max(last, Ordering::Relaxed);
                    assert!(last == 0 || before <= last, "values of one key are handled in order");
                }
            }
        };
        let builder = Coalescer::builder(most).max_items(2).capacity(3).linger(Duration::MAX);
        let lasts = if inline { builder.inline(handler) } else { builder.spawn("flushes", handler).unwrap() };
        thread::scope(|s| {
            for t in 0..THREADS {
                let (lasts, seen) = (&lasts, &seen);
                s.spawn(move || {
                    for n in 1..=2_000 {
                        let key = n as usize % 3;
                        let mut value = Last::default();
                        value[t] = n;
                        lasts.push(key, value).unwrap();
                        if n % 4 == t as u64 {
                            lasts.flush().unwrap();
                            // The flush has waited for the handler, which orders the memory.
                            let seen = seen[key][t].load(Ordering::Relaxed);
                            assert!(seen >= n, "{seen} of {n}");
                        }
                    }
                });
            }
        });
        assert_eq!(lasts.close().failed, 0);
    }
}

#[test]
fn waiting_pushes_of_many_threads_all_get_through() {
    for inline in [false, true] {
        let (report, handled) = mpsc::channel();
        let builder = Coalescer::builder(|sum: &mut u64, n| *sum += n).max_items(2).capacity(2);
        let handler = move |batch: &mut Vec<(u64, u64)>| {
            report.send(batch.drain(..).map(|pair| pair.1).sum::<u64>()).unwrap();
        };
        let sums = if inline { builder.inline(handler) } else { builder.spawn("many", handler).unwrap() };
        thread::scope(|s| {
            for t in 0..8 {
                let sums = &sums;
                s.spawn(move || (0..1_000).for_each(|n| sums.push((t + n) % 5, 1).unwrap()));
            }
        });
        sums.flush().unwrap();
        let stats = sums.stats();
        assert_eq!((stats.pushed, stats.pending), (8_000, 0));
        drop(sums);
        assert_eq!(handled.iter().sum::<u64>(), 8_000);
    }
}
