//! Closes that race with pushes of all kinds: nothing is lost and nothing doubled.

use crate::support::{assert_whole, until};
use bedplate::batch::{Batcher, BatcherBuilder, PushError};
use std::panic::resume_unwind;
use std::sync::Barrier;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const THREADS: u64 = 16;

/// How a thread pushes.
#[derive(Clone, Copy, Debug)]
enum Way {
    Plain,
    Urgent,
    Bulk,
    Staged,
}

/// Pushes its ids until the batcher is closed: those that were taken.
fn push(batcher: &Batcher<u64>, way: Way, thread: u64) -> Vec<u64> {
    let mut ids = (thread..).step_by(THREADS as usize);
    let mut taken = Vec::new();
    match way {
        Way::Plain | Way::Urgent => loop {
            let id = ids.next().unwrap();
            let pushed = if let Way::Urgent = way { batcher.push_urgent(id) } else { batcher.push(id) };
            match pushed {
                Ok(()) => taken.push(id),
                Err(error) => {
                    assert_eq!(error, PushError::Closed(id));
                    return taken;
                }
            }
        },
        Way::Bulk => loop {
            let all: Vec<u64> = ids.by_ref().take(7).collect();
            let mut rest = all.clone().into_iter();
            let pushed = batcher.push_all(&mut rest);
            // What was taken is what is not there any more.
            taken.extend(&all[..all.len() - rest.len()]);
            if let Err(error) = pushed {
                assert_eq!(error, PushError::Closed(()));
                return taken;
            }
            assert_eq!(rest.len(), 0);
        },
        Way::Staged => {
            let mut producer = batcher.producer();
            loop {
                let id = ids.next().unwrap();
                match producer.push(id) {
                    Ok(()) => taken.push(id),
                    Err(error) => {
                        assert_eq!(error, PushError::Closed(id));
                        return taken;
                    }
                }
                if id % 37 == 0 {
                    producer = batcher.producer();
                }
            }
        }
    }
}

/// Lets 16 threads push in these ways, closes while they do, and holds what was taken against what became of it.
fn race(builder: impl Fn() -> BatcherBuilder<u64>, inline: bool, ways: &[Way], rounds: u64) {
    // Each round closes at another moment, and with another of the closes.
    for round in 0..rounds {
        let (report, handled) = mpsc::channel();
        let (fail, failed) = mpsc::channel();
        let handler = move |batch: &mut Vec<u64>| {
            if batch[0].is_multiple_of(5) {
                batch.split_off(batch.len() / 2).into_iter().for_each(|id| report.send(id).unwrap());
                // Not `panic!`: the hook would print it.
                resume_unwind(Box::new("quiet"));
            }
            batch.drain(..).for_each(|id| report.send(id).unwrap());
        };
        let builder = builder().on_failed(move |items| items.into_iter().for_each(|id| fail.send(id).unwrap()));
        let batcher = if inline { builder.inline(handler) } else { builder.spawn("race", handler).unwrap() };
        let start = Barrier::new(THREADS as usize + 1);
        let (mut taken, left_over) = thread::scope(|s| {
            let pushers: Vec<_> = (0..THREADS)
                .map(|t| {
                    let (batcher, start) = (&batcher, &start);
                    let way = ways[t as usize % ways.len()];
                    s.spawn(move || {
                        start.wait();
                        push(batcher, way, t)
                    })
                })
                .collect();
            start.wait();
            until(&batcher, |s| s.pushed >= round * 7);
            let report = match round % 4 {
                0 => batcher.close(),
                1 => batcher.close_timeout(Duration::from_micros(round)),
                2 => batcher.try_close(),
                // Two at a time.
                _ => {
                    let other = s.spawn(|| batcher.close_timeout(Duration::from_micros(round / 2)));
                    let mut report = batcher.close();
                    report.left_over.extend(other.join().unwrap().left_over);
                    report
                }
            };
            let taken: Vec<u64> = pushers.into_iter().flat_map(|p| p.join().unwrap()).collect();
            (taken, report.left_over)
        });
        // The batch that the handler had in hand ends before this returns.
        let rest = batcher.close();
        assert_eq!((rest.in_flight, rest.left_over.len()), (0, 0));
        let stats = batcher.stats();
        assert_whole(stats);
        assert_eq!((stats.pending, stats.staged, stats.left_over as usize), (0, 0, left_over.len()));
        drop(batcher);
        let mut ends: Vec<u64> = handled.iter().chain(failed.iter()).chain(left_over).collect();
        ends.sort_unstable();
        taken.sort_unstable();
        assert_eq!(ends, taken, "{ways:?}, round {round}");
    }
}

fn small() -> BatcherBuilder<u64> {
    Batcher::builder().max_items(4).capacity(12).stage(5)
}

fn lingering() -> BatcherBuilder<u64> {
    Batcher::builder().max_items(40).capacity(80).stage(30).linger(Duration::from_micros(200))
}

#[test]
fn plain_pushes() {
    race(small, false, &[Way::Plain], 60);
    race(small, true, &[Way::Plain], 40);
}

#[test]
fn staged_pushes() {
    race(small, false, &[Way::Staged], 60);
    race(small, true, &[Way::Staged], 40);
    race(lingering, false, &[Way::Staged], 60);
}

#[test]
fn all_kinds_at_once() {
    race(small, false, &[Way::Plain, Way::Staged, Way::Bulk, Way::Urgent], 80);
    race(small, true, &[Way::Plain, Way::Staged, Way::Bulk, Way::Urgent], 40);
    race(lingering, false, &[Way::Staged, Way::Plain, Way::Bulk], 60);
}
