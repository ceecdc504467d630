//! A lock for each shard. Its readers share no line with each other: `docs/caches` says why.
#![allow(unsafe_code)] // The lock gives out what it guards.

use super::slot::Slot;
use crate::primitive::atomic::{AtomicU32, AtomicUsize, Ordering};
use crate::primitive::{UnsafeCell, fence_under_loom};
use crate::sync::{CachePadded, EventCount, Patience};

/// Values, each under a reader-writer lock of its own.
///
/// A reader writes the number of the shard into a slot that is its own, and looks whether a writer is in; a writer takes
/// the shard's word, and waits until no slot names the shard. So a read writes one line, which no other reader writes,
/// and a write reads one line for each thread that reads.
#[derive(Debug)]
pub(super) struct Locks<T> {
    shards: Box<[CachePadded<Lock<T>>]>,
    /// A power of two of them.
    slots: Box<[CachePadded<Slot>]>,
    /// The slots from here on were never entered, so that writers need not look at them.
    used: AtomicUsize,
    /// Where threads sleep that wait for a writer to go.
    gone: EventCount,
}

/// What readers of a shard look at stands on one line with the writer's word: they read both, and write neither.
#[derive(Debug)]
#[repr(C)]
struct Lock<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

/// No writer is in.
const OPEN: u32 = 0;
/// A writer is in, or waits for the readers to go.
const WRITER: u32 = 1;
/// Beside `WRITER`: threads wait for it to go, and sleep.
const SLEEPERS: u32 = 2;

/// How many slots a reader tries before it goes in as a writer does.
const TRIES: usize = 4;

// SAFETY: `&Locks<T>` gives out `&T` to several threads at once (hence `T: Sync`), and `&mut T` to any one of them at a
// time (hence `T: Send`). That both never happens together is the protocol, argued in `Visit::value` and `write`.
unsafe impl<T: Send + Sync> Sync for Locks<T> {}

impl<T> Locks<T> {
    /// A lock for each of `values`, with at least `slots` slots.
    pub(super) fn new(values: impl Iterator<Item = T>, slots: usize) -> Self {
        let lock = |value| CachePadded::new(Lock { state: AtomicU32::new(OPEN), value: UnsafeCell::new(value) });
        Self {
            shards: values.map(lock).collect(),
            slots: (0..slots.next_power_of_two()).map(|_| CachePadded::new(Slot::new())).collect(),
            used: AtomicUsize::new(0),
            gone: EventCount::new(),
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.shards.len()
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().map(|slot| &**slot)
    }

    /// Runs `f` on the value of `shard` while no writer is in; waits for one that is. Threads that pass different numbers
    /// as `thread` do not meet. `None`, and `f` is not run, where no slot is free.
    ///
    /// The thread must hold no lock of this set.
    pub(super) fn read<R>(&self, thread: usize, shard: usize, f: impl FnOnce(&T, &Slot) -> R) -> Option<R> {
        let visit = self.visit(thread, shard)?;
        // SAFETY: as in `Visit::value`. Here loom sees how long the value is read.
        Some(visit.lock.value.with(|value| f(unsafe { &*value }, visit.slot)))
    }

    /// Enters a slot while no writer is in; as [`read`](Self::read).
    pub(super) fn visit(&self, thread: usize, shard: usize) -> Option<Visit<'_, T>> {
        let lock = &*self.shards[shard];
        let index = self.index_of(thread);
        loop {
            let slot = self.enter(index, shard).or_else(|| self.enter_slow(index, shard))?;
            if let Some(visit) = Visit::begin(lock, slot) {
                return Some(visit);
            }
            self.wait_for_writer(lock);
        }
    }

    /// [`visit`](Self::visit) where that takes no wait, and no slot that was never used; it calls nothing.
    #[inline]
    pub(super) fn try_visit(&self, thread: usize, shard: usize) -> Option<Visit<'_, T>> {
        let lock = self.shards.get(shard)?;
        Visit::begin(lock, self.enter(self.index_of(thread), shard)?)
    }

    #[inline]
    fn index_of(&self, thread: usize) -> usize {
        thread & (self.slots.len() - 1)
    }

    /// Takes a slot that was used before, if it is free.
    #[inline]
    fn enter(&self, index: usize, shard: usize) -> Option<&Slot> {
        let slot = self.slots.get(index)?;
        // Acquire pairs with the SeqCst `fetch_max` in `enter_slow` (edge "slots in use"): it came before this visit, also
        // where another thread ran it.
        (index < self.used.load(Ordering::Acquire) && slot.enter(shard)).then_some(slot)
    }

    #[cold]
    fn enter_slow(&self, index: usize, shard: usize) -> Option<&Slot> {
        (0..TRIES.min(self.slots.len())).find_map(|next| {
            let index = (index + next) & (self.slots.len() - 1);
            // SeqCst (edge "slots in use"): a writer that reads the old number has written its word before, and is seen
            // by the reader's look at it.
            self.used.fetch_max(index + 1, Ordering::SeqCst);
            self.slots[index].enter(shard).then(|| &*self.slots[index])
        })
    }

    /// Runs `f` on the value of `shard` while no other thread reads or writes it; waits for those that do.
    ///
    /// The thread must hold no lock of this set.
    #[inline]
    pub(super) fn write<R>(&self, shard: usize, f: impl FnOnce(&mut T) -> R) -> R {
        let lock = &self.shards[shard];
        // Acquire pairs with the Release in `Writer::drop` (edge "next writer"). SeqCst: edge "reader or writer".
        if lock.state.compare_exchange(OPEN, WRITER, Ordering::SeqCst, Ordering::Relaxed).is_err() {
            self.write_after(lock);
        }
        let writer = Writer { state: &lock.state, gone: &self.gone };
        fence_under_loom();
        // SeqCst: edge "slots in use".
        for slot in &self.slots[..self.used.load(Ordering::SeqCst)] {
            if slot.holds(shard) {
                wait_for_reader(slot, shard);
            }
        }
        // SAFETY: this thread alone has set `WRITER`. No slot held the shard after that, so readers that came before have
        // gone (edge "last reader"), and those that come see the word. So this is the only reference.
        let result = lock.value.with_mut(|value| f(unsafe { &mut *value }));
        drop(writer);
        result
    }

    /// Takes the word once the writer that has it goes.
    #[cold]
    fn write_after(&self, lock: &Lock<T>) {
        loop {
            self.wait_for_writer(lock);
            // As in `write`.
            if lock.state.compare_exchange(OPEN, WRITER, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }

    /// Returns once no writer was in for a moment.
    #[cold]
    fn wait_for_writer(&self, lock: &Lock<T>) {
        let mut patience = Patience::new();
        while patience.lasts() {
            // Relaxed: whoever goes in looks again.
            if lock.state.load(Ordering::Relaxed) == OPEN {
                return;
            }
            patience.pause();
        }
        let listener = self.gone.listen();
        // Release pairs with the AcqRel swap in `Writer::drop` (edge "sleepers"): it finds this listener in the list.
        // An error says that no writer is in.
        let told = lock.state.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |state| {
            (state & WRITER != 0).then_some(state | SLEEPERS)
        });
        if told.is_ok() {
            listener.wait();
        }
    }
}

/// Returns once `slot` does not hold `shard`. A reader that leaves wakes nobody: that would cost every read a locked
/// operation.
#[cold]
fn wait_for_reader(slot: &Slot, shard: usize) {
    let mut patience = Patience::new();
    while slot.holds(shard) {
        patience.pause();
    }
}

/// A reader in a slot, which no writer has passed.
pub(super) struct Visit<'a, T> {
    lock: &'a Lock<T>,
    slot: &'a Slot,
}

impl<'a, T> Visit<'a, T> {
    /// By a thread that is in `slot`; it leaves where a writer is in.
    #[inline]
    fn begin(lock: &'a Lock<T>, slot: &'a Slot) -> Option<Self> {
        let visit = Self { lock, slot };
        // Edge "reader or writer": the slot is written before the word is read here, and in `write` the word before the slots
        // are read; all four are SeqCst, so that of a reader and a writer at least one sees the other.
        fence_under_loom();
        // Acquire pairs with the Release in `Writer::drop` (edge "next writer").
        (lock.state.load(Ordering::SeqCst) == OPEN).then_some(visit)
    }

    #[inline]
    pub(super) fn value(&self) -> &T {
        // SAFETY: this thread is in a slot, after which it found the word open. A writer that comes later finds the shard in
        // the slot, and waits until this is dropped; of one that went, the word was seen as its Release left it. So there is
        // no `&mut` to the value while this lives.
        self.lock.value.with(|value| unsafe { &*value })
    }

    #[inline]
    pub(super) fn slot(&self) -> &Slot {
        self.slot
    }
}

impl<T> Drop for Visit<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.slot.leave();
    }
}

/// The writer of a shard.
struct Writer<'a> {
    state: &'a AtomicU32,
    gone: &'a EventCount,
}

impl Drop for Writer<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release pairs with the loads of the word that find it open (edge "next writer"); Acquire with the Release of
        // those who sleep (edge "sleepers").
        if self.state.swap(OPEN, Ordering::AcqRel) & SLEEPERS != 0 {
            self.gone.notify_all();
        }
    }
}
