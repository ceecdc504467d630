//! What many write by hand where objects stay with their thread.
#![allow(unsafe_code)] // A guard moves its object out without a flag, as the best of those written by hand do.

use super::ObjectPool;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

type Buffer = Vec<u64>;

thread_local! {
    static IDLE: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// A stack of buffers in a thread-local.
#[derive(Debug)]
pub struct ThreadVec;

/// A buffer that goes to the stack of the thread that drops it.
#[derive(Debug)]
pub struct Guard(ManuallyDrop<Buffer>);

impl Deref for Guard {
    type Target = Buffer;

    #[inline]
    fn deref(&self) -> &Buffer {
        &self.0
    }
}

impl DerefMut for Guard {
    #[inline]
    fn deref_mut(&mut self) -> &mut Buffer {
        &mut self.0
    }
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken here and nowhere else, and the guard is not used after its drop.
        let mut buffer = unsafe { ManuallyDrop::take(&mut self.0) };
        buffer.clear();
        IDLE.with_borrow_mut(|idle| idle.push(buffer));
    }
}

impl ObjectPool for ThreadVec {
    const NAME: &'static str = "thread_local! Vec";
    type Object = Buffer;
    type Guard<'a> = Guard;

    fn new(_: usize) -> Self {
        Self
    }

    #[inline]
    fn acquire(&self) -> Guard {
        Guard(ManuallyDrop::new(IDLE.with_borrow_mut(|idle| idle.pop().unwrap_or_default())))
    }
}
