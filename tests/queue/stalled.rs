//! A thread that is stopped between its claim and its stamp, and what the others can still do.
//!
//! The library has no hook there, and needs none: all that happens in between is that a value is copied into or out of
//! its slot. So the page of one slot is taken away, the thread that gets to it faults, and the handler of the fault
//! keeps it until the page is back. That the calls of the others return while it is held shows that they do not wait.
#![allow(unsafe_code)] // Signals and page protection have no safe interface in std.
#![allow(clippy::result_large_err)] // An item is a page.

use bedplate::queue::{Bounded, PopError, PushError, spsc};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};

/// A slot of it is a page, on x86-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(4096))]
struct Item(u32);

/// Set while a fault is one of a test's own.
static IS_SET: AtomicBool = AtomicBool::new(false);
/// Set by the handler while it keeps a thread.
static IS_HELD: AtomicBool = AtomicBool::new(false);
/// The two above serve one trap at a time.
static ONE: Mutex<()> = Mutex::new(());

const SIGSEGV: c_int = 11;
const PROT_NONE: c_int = 0;
const PROT_READ_WRITE: c_int = 3;

unsafe extern "C" {
    fn signal(signal: c_int, handler: usize) -> usize;
    fn mprotect(start: *mut c_void, len: usize, protection: c_int) -> c_int;
}

/// Keeps the thread that faulted while the trap is set. Then it returns, and the access is done again.
extern "C" fn on_fault(_: c_int) {
    if !IS_SET.load(Ordering::SeqCst) {
        // A fault of somebody else's. SAFETY: 0 is the default action; the access is done again, and ends the process.
        unsafe { signal(SIGSEGV, 0) };
        return;
    }
    IS_HELD.store(true, Ordering::SeqCst);
    while IS_SET.load(Ordering::SeqCst) {
        // As a handler may: it is one system call.
        thread::yield_now();
    }
    IS_HELD.store(false, Ordering::SeqCst);
}

/// Holds the thread that next touches the slot at an address.
struct Trap {
    slot: *const Item,
    handler_before: usize,
    _one: MutexGuard<'static, ()>,
}

impl Trap {
    fn set(slot: *const Item) -> Self {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the handler does what one may do at a fault, and is taken back when the trap goes.
        let handler_before = unsafe { signal(SIGSEGV, on_fault as *const () as usize) };
        let trap = Self { slot, handler_before, _one: one };
        IS_SET.store(true, Ordering::SeqCst);
        trap.protect(PROT_NONE);
        trap
    }

    fn protect(&self, protection: c_int) {
        // SAFETY: by its alignment the slot is a page, with nothing else in it. Who touches it while
        // it is away faults and waits for it, in the handler.
        assert_eq!(unsafe { mprotect(self.slot.cast_mut().cast(), size_of::<Item>(), protection) }, 0);
    }

    /// Until `thread` is in the trap.
    fn wait<R>(&self, thread: &ScopedJoinHandle<'_, R>) {
        while !IS_HELD.load(Ordering::SeqCst) {
            assert!(!thread.is_finished(), "it went by");
            thread::yield_now();
        }
    }
}

impl Drop for Trap {
    /// Lets the thread go on; also where an assertion fails, so that the test ends.
    fn drop(&mut self) {
        self.protect(PROT_READ_WRITE);
        IS_SET.store(false, Ordering::SeqCst);
        while IS_HELD.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        // SAFETY: it was the handler before.
        unsafe { signal(SIGSEGV, self.handler_before) };
    }
}

/// Runs `stalled` in a thread until it is held at `slot`, then `others`; gives what the thread came to when let go.
fn hold<R: Send>(slot: *const Item, stalled: impl FnOnce() -> R + Send, others: impl FnOnce()) -> R {
    thread::scope(|s| {
        // After the thread, so that it is let go before it is joined.
        let thread;
        let trap = Trap::set(slot);
        thread = s.spawn(stalled);
        trap.wait(&thread);
        others();
        drop(trap);
        thread.join().unwrap()
    })
}

/// A ring of four that the items 0 to 3 lie in, and their slots.
fn full() -> (Bounded<Item>, [*const Item; 4]) {
    let mut queue = Bounded::new(4);
    (0..4).for_each(|n| queue.try_push(Item(n)).unwrap());
    let slots: Vec<_> = queue.iter_mut().map(|item| std::ptr::from_ref(item)).collect();
    (queue, slots.try_into().unwrap())
}

/// An empty one, and the slots that the next four items go to.
fn empty() -> (Bounded<Item>, [*const Item; 4]) {
    let (queue, slots) = full();
    assert_eq!(queue.try_pop_bulk(&mut Vec::new(), 9), 4);
    (queue, slots)
}

/// Pops until nothing comes.
fn pop_all(queue: &Bounded<Item>) -> (Vec<u32>, PopError) {
    let mut items = Vec::new();
    loop {
        match queue.try_pop() {
            Ok(item) => items.push(item.0),
            Err(e) => return (items, e),
        }
    }
}

#[test]
fn push() {
    let (queue, slots) = empty();
    let stalled = || queue.try_push(Item(0));
    let result = hold(slots[0], stalled, || {
        // The oldest item is not there yet, and none comes before it.
        assert_eq!((queue.try_pop(), queue.len()), (Err(PopError::Busy), 1));
        assert_eq!(queue.try_pop_bulk(&mut Vec::new(), 9), 0);
        // The other slots can be pushed to, one by one and in bulk.
        assert_eq!(queue.try_push(Item(1)), Ok(()));
        assert_eq!(queue.try_push_bulk(&mut vec![Item(2), Item(3), Item(4)]), 2);
        assert_eq!(queue.try_push(Item(4)), Err(PushError::Full(Item(4))));
        assert_eq!(queue.force_push(Item(4)), Err(PushError::Busy(Item(4))), "the oldest cannot be taken out");
        // A closed queue still waits for it.
        assert!(queue.close());
        assert_eq!((queue.try_pop(), queue.len()), (Err(PopError::Busy), 4));
    });
    assert_eq!(result, Ok(()), "it came before the close");
    assert_eq!(pop_all(&queue), (vec![0, 1, 2, 3], PopError::Closed));
}

#[test]
fn bulk_push() {
    let (queue, slots) = empty();
    let stalled = || queue.try_push_bulk(&mut vec![Item(0), Item(1), Item(2)]);
    let mut seen = Vec::new();
    let n = hold(slots[1], stalled, || {
        // Of the three, the first may be there.
        let (items, end) = pop_all(&queue);
        assert!(items.len() <= 1 && end == PopError::Busy);
        assert_eq!(queue.len(), 3 - items.len());
        seen.extend(items);
        assert_eq!(queue.try_push(Item(3)), Ok(()));
        assert_eq!(queue.try_pop(), Err(PopError::Busy));
    });
    assert_eq!(n, 3);
    seen.extend(pop_all(&queue).0);
    assert_eq!(seen, [0, 1, 2, 3]);
}

#[test]
fn pop() {
    let (queue, slots) = full();
    let popped = hold(
        slots[0],
        || queue.try_pop(),
        || {
            // The next slot is the one that is being emptied.
            assert_eq!((queue.try_push(Item(4)), queue.len()), (Err(PushError::Busy(Item(4))), 3));
            assert_eq!(queue.try_push_bulk(&mut vec![Item(4)]), 0);
            // The other items can be popped, one by one and in bulk.
            let mut items = Vec::new();
            assert_eq!((queue.try_pop(), queue.try_pop_bulk(&mut items, 9)), (Ok(Item(1)), 2));
            assert_eq!((items, queue.len()), (vec![Item(2), Item(3)], 0));
            assert!(matches!(queue.try_pop(), Err(PopError::Empty | PopError::Busy)));
            assert_eq!(queue.try_push(Item(4)), Err(PushError::Busy(Item(4))), "empty, and yet there is no slot");
        },
    );
    assert_eq!(popped, Ok(Item(0)));
    assert_eq!((queue.try_push(Item(4)), queue.try_pop()), (Ok(()), Ok(Item(4))));
}

#[test]
fn bulk_pop() {
    let (queue, slots) = full();
    let stalled = || {
        let mut items = Vec::new();
        queue.try_pop_bulk(&mut items, 3);
        items
    };
    let popped = hold(slots[1], stalled, || {
        assert_eq!((queue.len(), queue.try_pop()), (1, Ok(Item(3))));
        // Of the three slots, the first may be free.
        let pushed = (4..8).take_while(|n| queue.try_push(Item(*n)).is_ok()).count();
        assert!(pushed <= 1);
        assert_eq!(queue.try_push(Item(9)), Err(PushError::Busy(Item(9))));
    });
    assert_eq!(popped, [Item(0), Item(1), Item(2)]);
}

#[test]
fn overwriting_push() {
    let (queue, slots) = full();
    let stalled = || queue.force_push(Item(4));
    let result = hold(slots[0], stalled, || {
        assert_eq!(pop_all(&queue), (vec![1, 2, 3], PopError::Busy), "the new item is not there yet");
        assert!(queue.close());
        assert_eq!(queue.try_pop(), Err(PopError::Busy), "what was accepted before the close comes before `Closed`");
    });
    assert_eq!(result, Ok(Some(Item(0))));
    assert_eq!(pop_all(&queue), (vec![4], PopError::Closed));
}

/// The ring of one producer and one consumer has no claims: an unfinished push or pop is one that has not been.
#[test]
fn one_to_one() {
    let (mut producer, mut consumer) = spsc::ring(2);
    producer.try_write_chunk(2).unwrap().fill_from_iter([Item(0), Item(1)]);
    let slot: *const Item = consumer.peek().unwrap();
    let slot_address = slot as usize;
    let consumer = hold(
        slot,
        || {
            assert_eq!(consumer.try_pop(), Ok(Item(0)));
            consumer
        },
        || assert_eq!(producer.try_push(Item(2)), Err(PushError::Full(Item(2)))),
    );
    assert_eq!(consumer.try_pop(), Ok(Item(1)));
    let producer = hold(
        slot_address as *const Item,
        || {
            assert_eq!(producer.try_push(Item(2)), Ok(()));
            producer
        },
        || assert_eq!((consumer.try_pop(), consumer.len()), (Err(PopError::Empty), 0)),
    );
    assert_eq!((consumer.try_pop(), producer.is_empty()), (Ok(Item(2)), true));
}
