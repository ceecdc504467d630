//! Buffers whose memory stays when they are dropped, and is watched from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bedplate::io::IoBuf;
use bedplate::mem::AlignedBuf;

/// What memory holds that was given back.
pub const POISON: u8 = 0xa5;

/// The memory of many buffers, for as long as the test wants to look at it.
pub struct Arena {
    memory: AlignedBuf,
    returned: Vec<AtomicBool>,
    count: AtomicUsize,
}

pub const SIZE: usize = 4096;

/// A buffer of an arena. Dropped, it poisons its memory, which is nobody's from then on.
pub struct Watched {
    arena: Arc<Arena>,
    index: usize,
}

impl Arena {
    pub fn new(buffers: usize) -> Arc<Self> {
        let returned = (0..buffers).map(|_| AtomicBool::new(false)).collect();
        Arc::new(Self { memory: AlignedBuf::zeroed(buffers * SIZE, SIZE), returned, count: AtomicUsize::new(0) })
    }

    /// All buffers, once.
    pub fn buffers(self: &Arc<Self>) -> impl Iterator<Item = Watched> + use<> {
        let arena = Arc::clone(self);
        (0..self.returned.len()).map(move |index| Watched { arena: Arc::clone(&arena), index })
    }

    pub fn returned(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    fn at(&self, index: usize) -> *mut u8 {
        self.memory.as_ptr().as_ptr().wrapping_add(index * SIZE)
    }

    /// A byte that the kernel may be writing.
    fn byte(&self, index: usize, at: usize) -> u8 {
        // SAFETY: inside the arena's memory, which nobody frees. Volatile: the kernel writes it behind the compiler's
        // back.
        unsafe { self.at(index).add(at).read_volatile() }
    }

    /// Buffers that were not given back and do not hold `byte` in their last place yet.
    pub fn waiting_for(&self, byte: u8) -> usize {
        let out = (0..self.returned.len()).filter(|index| !self.returned[*index].load(Ordering::SeqCst));
        out.filter(|index| self.byte(*index, SIZE - 1) != byte).count()
    }

    /// Bytes that were written into buffers after they were given back.
    pub fn overwritten(&self) -> usize {
        let back = (0..self.returned.len()).filter(|index| self.returned[*index].load(Ordering::SeqCst));
        back.map(|index| (0..SIZE).filter(|at| self.byte(index, *at) != POISON).count()).sum()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // SAFETY: the buffer has its part of the arena to itself until now.
        unsafe { self.arena.at(self.index).write_bytes(POISON, SIZE) };
        assert!(!self.arena.returned[self.index].swap(true, Ordering::SeqCst), "given back twice");
        self.arena.count.fetch_add(1, Ordering::SeqCst);
    }
}

// SAFETY: each buffer has a part of the arena to itself, which lives as long and does not move.
unsafe impl IoBuf for Watched {
    fn as_ptr(&self) -> *const u8 {
        self.arena.at(self.index)
    }

    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.arena.at(self.index)
    }

    fn capacity(&self) -> usize {
        SIZE
    }

    fn filled(&self) -> usize {
        SIZE
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}
