//! What the threads of a row do.

use super::object::Object;
use super::pools::{ObjectPool, StrictPool};
use crate::harness::{Job, Wait, share, together, together_jobs};
use crossbeam::queue::ArrayQueue;
use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The bound of each pool: more than the rows take at once.
pub const MAX: usize = 512;
/// Objects under way from one thread to the other.
const UNDER_WAY: usize = 128;
/// Objects that a thread takes before it gives one back.
const BURST: usize = 8;
/// The bound where objects are scarce.
const TIGHT: usize = 3;
/// Objects that a thread takes and gives back in its life.
const LIFE: u64 = 512;

/// Acquires and releases `ops` times.
#[inline]
fn take_turns<P: ObjectPool>(pool: &P, ops: u64) {
    for _ in 0..ops {
        pool.acquire().turn();
    }
}

/// Each thread acquires and releases `ops` times.
pub fn turns<P: ObjectPool + Sync>(threads: usize, ops: u64) -> Duration {
    let pool = P::new(MAX);
    let (elapsed, _) = together(threads, |_| {
        take_turns(&pool, ops);
        0
    });
    drop(pool);
    P::Object::verify(P::NAME, ops * threads as u64, MAX);
    elapsed
}

/// One thread acquires and releases `ops` times, from a pool that only one thread may acquire from.
pub fn turns_alone<P: ObjectPool + Send>(ops: u64) -> Duration {
    alone::<P>(|pool| take_turns(pool, ops), ops)
}

/// A thread acquires [`BURST`] objects, then releases them, `ops` times.
pub fn bursts<P: ObjectPool + Send>(ops: u64) -> Duration {
    let work = |pool: &P| {
        for _ in 0..ops {
            let mut guards: [P::Guard<'_>; BURST] = array::from_fn(|_| pool.acquire());
            guards.iter_mut().for_each(|guard| guard.turn());
        }
    };
    alone::<P>(work, ops * BURST as u64)
}

/// One thread works on a pool.
fn alone<P: ObjectPool + Send>(work: impl FnOnce(&P) + Send, turns: u64) -> Duration {
    let mut pool = P::new(MAX);
    // Exclusive: a pool that threads may not share takes part.
    let exclusive = &mut pool;
    let job = move || {
        work(exclusive);
        0_u64
    };
    let (elapsed, _) = together_jobs(vec![Box::new(job) as Job<'_>]);
    drop(pool);
    P::Object::verify(P::NAME, turns, MAX);
    elapsed
}

/// Each thread makes a pool of its own, and acquires and releases `ops` times.
pub fn turns_apart<P: ObjectPool>(threads: usize, ops: u64) -> Duration {
    let (elapsed, _) = together(threads, |_| {
        take_turns(&P::new(MAX), ops);
        0
    });
    P::Object::verify(P::NAME, ops * threads as u64, MAX);
    elapsed
}

/// One thread acquires `ops` objects, the other releases them.
pub fn cross_thread<P: ObjectPool + Send>(ops: u64) -> Duration
where
    for<'a> P::Guard<'a>: Send,
{
    let mut pool = P::new(MAX);
    let (elapsed, _) = {
        // Exclusive, as above.
        let pool = &mut pool;
        let under_way = &ArrayQueue::new(UNDER_WAY);
        let acquire = move || {
            // Moved, so that the guards outlive the closure.
            let pool = pool;
            acquire_all(pool, under_way, ops);
            0_u64
        };
        let release = move || {
            release_all::<P>(under_way, ops);
            0_u64
        };
        together_jobs(vec![Box::new(acquire) as Job<'_>, Box::new(release)])
    };
    drop(pool);
    P::Object::verify(P::NAME, ops, MAX);
    elapsed
}

fn acquire_all<'a, P: ObjectPool>(pool: &'a mut P, under_way: &ArrayQueue<P::Guard<'a>>, ops: u64) {
    let pool = &*pool;
    let mut wait = Wait::new();
    for _ in 0..ops {
        let mut guard = pool.acquire();
        while let Err(refused) = under_way.push(guard) {
            guard = refused;
            wait.pause();
        }
        wait.progress();
    }
}

fn release_all<'a, P: ObjectPool + 'a>(under_way: &ArrayQueue<P::Guard<'a>>, ops: u64) {
    let mut wait = Wait::new();
    for _ in 0..ops {
        let mut guard = loop {
            match under_way.pop() {
                Some(guard) => break guard,
                None => wait.pause(),
            }
        };
        wait.progress();
        guard.turn();
    }
}

/// Two threads hold two of [`TIGHT`] objects at once, `ops` times each. One that gets no second gives the first back, so
/// that neither waits for the other with an object in its hands.
pub fn tight<P: StrictPool>(ops: u64) -> Duration {
    let pool = P::strict(TIGHT);
    let (elapsed, _) = together(2, |_| {
        let mut wait = Wait::new();
        for _ in 0..ops {
            while !hold_two(&pool) {
                wait.pause();
            }
            wait.progress();
        }
        0
    });
    drop(pool);
    P::Object::verify(P::NAME, 2 * 2 * ops, TIGHT);
    elapsed
}

/// Whether there were two.
#[inline]
fn hold_two<P: StrictPool>(pool: &P) -> bool {
    let Some(mut first) = pool.try_acquire() else { return false };
    let Some(mut second) = pool.try_acquire() else { return false };
    first.turn();
    second.turn();
    true
}

/// The lives of `threads` threads, each of [`LIFE`] acquisitions and releases.
pub fn lives<P: ObjectPool + Sync>(threads: u64) -> Duration {
    churn::<P>(threads, LIFE * threads).0
}

/// `ops` acquisitions and releases by threads of [`LIFE`] each: from the first of a thread to its last, the sum over the
/// threads.
pub fn lives_inside<P: ObjectPool + Sync>(ops: u64) -> Duration {
    churn::<P>(ops.div_ceil(LIFE), ops).1
}

/// So many threads share the acquisitions, two at a time on different CPUs: how long it took, and how long they had
/// objects to acquire.
fn churn<P: ObjectPool + Sync>(threads: u64, ops: u64) -> (Duration, Duration) {
    let pool = P::new(MAX);
    let inside = AtomicU64::new(0);
    let life = |ops| {
        let start = Instant::now();
        take_turns(&pool, ops);
        // Relaxed: read after the threads were joined.
        inside.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
    };
    let (elapsed, _) = together(2, |parent| {
        for child in share(threads, 2, parent as u64) {
            let turns = share(ops, threads, child);
            // A thread inherits the CPU of its parent.
            let child = || life(turns.end - turns.start);
            thread::scope(|scope| scope.spawn(child).join().expect("a contender failed its check"));
        }
        0
    });
    drop(pool);
    P::Object::verify(P::NAME, ops, MAX);
    (elapsed, Duration::from_nanos(inside.into_inner()))
}
