//! The code of the user's that runs under the lock: what it may not do, and what its panics leave.

use bedplate::batch::{Coalescer, FlushError, PushError};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, OnceLock, Weak, mpsc};
use std::thread;
use std::time::Duration;

type Sums = Coalescer<u64, u64>;
type Own = Arc<OnceLock<Weak<Sums>>>;

/// A coalescer whose merging of the value 99 is `act`, on itself.
fn with_merge(act: impl Fn(&Sums) + Send + Sync + 'static) -> Arc<Sums> {
    let own = Own::default();
    let theirs = Arc::clone(&own);
    let merge = move |sum: &mut u64, n| {
        *sum += n;
        if n == 99 {
            act(&theirs.get().unwrap().upgrade().unwrap());
        }
    };
    let sums = Arc::new(Coalescer::builder(merge).linger(Duration::MAX).inline(|batch| batch.clear()));
    own.set(Arc::downgrade(&sums)).unwrap();
    sums.push(1, 1).unwrap();
    sums
}

#[test]
fn a_merge_that_pushes_or_flushes_is_refused() {
    let (say, said) = mpsc::channel();
    let sums = with_merge(move |own| {
        let pushes = [own.push(1, 5), own.push(2, 5), own.try_push(3, 5), own.push_urgent(4, 5)];
        let flushes = [own.flush(), own.try_flush(), own.flush_timeout(Duration::ZERO)];
        say.send((pushes, flushes)).unwrap();
    });
    sums.push(1, 99).unwrap();
    let (pushes, flushes) = said.try_recv().unwrap();
    let refused = [(1, 5), (2, 5), (3, 5), (4, 5)].map(|pair| Err(PushError::Reentrant(pair)));
    assert_eq!(pushes, refused);
    assert_eq!(flushes, [Err(FlushError::Reentrant); 3]);
    // It is over with the merge, and only that one value was merged.
    sums.push(2, 1).unwrap();
    assert_eq!((sums.stats().pushed, sums.stats().merged, sums.stats().pending), (3, 1, 2));
}

#[test]
fn a_merge_that_uses_the_coalescer_otherwise_panics_and_printing_does_not() {
    let acts: [fn(&Sums); 5] = [
        |own| _ = own.stats(),
        |own| _ = own.poll(),
        |own| _ = own.close(),
        |own| _ = own.try_close(),
        |own| _ = own.close_timeout(Duration::ZERO),
    ];
    for act in acts {
        let sums = with_merge(act);
        let panic = catch_unwind(AssertUnwindSafe(|| sums.push(1, 99))).expect_err("a re-entry went through");
        let message = panic.downcast_ref::<&str>().copied().unwrap_or("another panic");
        assert!(message.contains("used from a merge or an Eq"), "{message}");
        sums.push(1, 1).unwrap();
        assert_eq!(sums.close().handled, 1);
    }
    let sums = with_merge(|own| assert!(format!("{own:?}").starts_with("Coalescer")));
    sums.push(1, 99).unwrap();
}

#[test]
fn other_threads_are_not_taken_for_the_one_that_merges() {
    let (go, gone) = mpsc::channel();
    let (start, started) = mpsc::channel();
    let gone = Mutex::new(gone);
    let sums = with_merge(move |_| {
        start.send(()).unwrap();
        gone.lock().unwrap().recv().unwrap();
    });
    thread::scope(|s| {
        s.spawn(|| sums.push(1, 99).unwrap());
        started.recv().unwrap();
        let other = s.spawn(|| sums.push(2, 2));
        let flush = s.spawn(|| sums.flush());
        go.send(()).unwrap();
        assert_eq!(other.join().unwrap(), Ok(()));
        assert_eq!(flush.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_merge_may_push_into_another_coalescer() {
    let (report, batches) = mpsc::channel();
    let totals = Coalescer::builder(|sum: &mut u64, n| *sum += n)
        .linger(Duration::MAX)
        .inline(move |batch: &mut Vec<((), u64)>| report.send(std::mem::take(batch)).unwrap());
    let totals = Arc::new(totals);
    let theirs = Arc::clone(&totals);
    let sums = with_merge(move |_| theirs.push((), 1).unwrap());
    sums.push(1, 99).unwrap();
    sums.push(1, 99).unwrap();
    totals.flush().unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![((), 2)]));
}

#[test]
fn a_panic_in_a_merge_goes_on_to_the_caller_and_leaves_what_the_merge_left() {
    let (report, batches) = mpsc::channel();
    let merge = |sum: &mut u64, n| {
        *sum += 1;
        if n == 99 {
            // Not `panic!`: the hook would print it.
            resume_unwind(Box::new("quiet"));
        }
        *sum += n - 1;
    };
    let sums = Coalescer::builder(merge)
        .linger(Duration::MAX)
        .inline(move |batch: &mut Vec<(u64, u64)>| report.send(std::mem::take(batch)).unwrap());
    sums.push(1, 10).unwrap();
    sums.push(2, 20).unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| sums.push(1, 99))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"quiet"));
    let stats = sums.stats();
    assert_eq!((stats.pushed, stats.merged, stats.pending), (2, 0, 2));
    sums.push(1, 100).unwrap();
    sums.flush().unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![(1, 111), (2, 20)]));
}

/// A key that calls its coalescer when it is compared or dropped, where told to.
struct Key {
    id: u64,
    act: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Key {
    fn quiet(id: u64) -> Self {
        Self { id, act: None }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        [self, other].into_iter().filter_map(|key| key.act.as_ref()).for_each(|act| act());
        self.id == other.id
    }
}

impl Eq for Key {}

#[test]
fn an_eq_that_pushes_is_refused_and_one_that_panics_changes_nothing() {
    let (say, said) = mpsc::channel();
    let sums = Coalescer::builder(|sum: &mut u64, n| *sum += n).linger(Duration::MAX);
    let sums = Arc::new(sums.inline(|batch: &mut Vec<(Key, u64)>| batch.clear()));
    sums.push(Key::quiet(1), 1).unwrap();
    let own = Arc::downgrade(&sums);
    let push = move || {
        let refused = own.upgrade().unwrap().push(Key::quiet(1), 1);
        say.send(matches!(refused, Err(PushError::Reentrant(_)))).unwrap();
    };
    sums.push(Key { id: 1, act: Some(Arc::new(push)) }, 1).unwrap();
    assert_eq!(said.try_recv(), Ok(true));

    let panics = Key { id: 1, act: Some(Arc::new(|| resume_unwind(Box::new("quiet")))) };
    assert!(catch_unwind(AssertUnwindSafe(|| sums.push(panics, 1))).is_err());
    let stats = sums.stats();
    assert_eq!((stats.pushed, stats.merged, stats.pending), (2, 1, 1));
    sums.push(Key::quiet(1), 1).unwrap();
    assert_eq!(sums.close().handled, 1);
}

type LoudCoalescer = Coalescer<LoudKey, Loud>;

/// Uses its coalescer when it is dropped, and tells whether that went through.
struct Loud(Option<(Weak<LoudCoalescer>, mpsc::Sender<bool>)>);

/// As [`Loud`]; number 13 cannot be compared where there is something to tell.
struct LoudKey(u64, Loud);

impl Drop for Loud {
    fn drop(&mut self) {
        if let Some((own, say)) = self.0.take()
            && let Some(own) = own.upgrade()
        {
            let took = own.push(LoudKey(0, Loud(None)), Loud(None)).is_ok();
            let _ = say.send(took && own.stats().pushed > 0);
        }
    }
}

impl Hash for LoudKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for LoudKey {
    fn eq(&self, other: &Self) -> bool {
        // Not `assert!`: the hook would print it.
        if self.0 == 13 && [self, other].into_iter().any(|key| key.1.0.is_some()) {
            resume_unwind(Box::new("quiet"));
        }
        self.0 == other.0
    }
}

impl Eq for LoudKey {}

#[test]
fn what_is_dropped_is_dropped_outside_the_lock() {
    use bedplate::batch::Overflow;

    let (say, said) = mpsc::channel();
    // Keeps the value that waits, and so drops the new one itself: its own doing.
    let merge = |_: &mut Loud, value: Loud| std::mem::forget(value);
    let (gate, opened) = mpsc::channel::<()>();
    let builder = Coalescer::builder(merge).max_items(1).capacity(2).overflow(Overflow::DropOldest);
    let loud = builder.spawn("loud", move |batch: &mut Vec<(LoudKey, Loud)>| {
        let _ = opened.recv();
        batch.drain(..).for_each(std::mem::forget);
    });
    let loud = Arc::new(loud.unwrap());
    let word = || Loud(Some((Arc::downgrade(&loud), say.clone())));
    let told = |n: usize| said.try_iter().take(n).collect::<Vec<_>>();

    loud.push(LoudKey(0, Loud(None)), Loud(None)).unwrap();
    while loud.stats().in_flight == 0 {
        thread::yield_now();
    }
    // The key of a merged value: the table has its equal.
    loud.push(LoudKey(5, Loud(None)), Loud(None)).unwrap();
    loud.push(LoudKey(5, word()), Loud(None)).unwrap();
    assert_eq!(told(9), [true]);
    // A pair that is evicted, key and value. What they push evicts others.
    loud.push(LoudKey(6, word()), word()).unwrap();
    for id in 7..12 {
        loud.push(LoudKey(id, Loud(None)), Loud(None)).unwrap();
    }
    assert_eq!(told(9), [true, true]);
    // A pair whose key's `Eq` panics.
    loud.push(LoudKey(13, Loud(None)), Loud(None)).unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| loud.push(LoudKey(13, word()), word()).is_ok()));
    assert!(panic.is_err());
    assert_eq!(told(9), [true, true]);
    drop(gate);
}
