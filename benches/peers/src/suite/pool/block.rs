//! Page-aligned blocks against allocators.
#![allow(unsafe_code)] // Allocators are called by hand here: a block must not go through the global one.

use crate::harness::{Bench, Spec, together};
use bedplate::pool::BlockPool;
use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::ptr::NonNull;
use std::time::Duration;

const BLOCK: usize = 4096;

/// Measures the rows of blocks.
pub fn run(bench: &mut Bench) {
    for threads in [1, 2] {
        let detail = "take a 4 KiB page-aligned block, write its first byte, give it back; no waiting; verified: \
                      alignment and the byte";
        bench.run(
            Spec::new(format!("block4k {threads}t"), detail)
                .threads(threads)
                .timed("bedplate", move |ops| {
                    let pool = BlockPool::builder().block_size(BLOCK).max_blocks(512).build().expect("a pool");
                    cycle(threads, ops, |byte| {
                        let mut block = pool.try_acquire().expect("the bound is not reached");
                        let whole = block.as_full_mut();
                        whole[0] = byte;
                        check(black_box(whole), byte);
                    })
                })
                .timed("mimalloc", move |ops| allocator(threads, ops, &MiMalloc))
                .timed("glibc aligned_alloc", move |ops| allocator(threads, ops, &System)),
        );
    }
}

/// Each thread takes and gives back `ops` times.
fn cycle(threads: usize, ops: u64, once: impl Fn(u8) + Sync) -> Duration {
    let (elapsed, _) = together(threads, |_| {
        (0..ops).for_each(|index| once(index as u8));
        0
    });
    elapsed
}

fn allocator(threads: usize, ops: u64, allocator: &(impl GlobalAlloc + Sync)) -> Duration {
    cycle(threads, ops, |byte| {
        let mut block = Allocated::new(allocator);
        let first = block.first();
        *first = byte;
        check(black_box(std::slice::from_ref(first)), byte);
    })
}

/// A block from an allocator, given back when dropped.
struct Allocated<'a, A: GlobalAlloc> {
    allocator: &'a A,
    block: NonNull<u8>,
}

impl<'a, A: GlobalAlloc> Allocated<'a, A> {
    const LAYOUT: Layout = match Layout::from_size_align(BLOCK, BLOCK) {
        Ok(layout) => layout,
        Err(_) => panic!("a power of two"),
    };

    #[inline]
    fn new(allocator: &'a A) -> Self {
        // SAFETY: the layout is not of size zero.
        let block = unsafe { allocator.alloc(Self::LAYOUT) };
        Self { allocator, block: NonNull::new(block).expect("memory") }
    }

    /// The first byte, set to zero.
    #[inline]
    fn first(&mut self) -> &mut u8 {
        // SAFETY: the block is this value's alone until it is dropped, larger than a byte, and the byte is written
        // before it is referred to.
        unsafe {
            self.block.write(0);
            self.block.as_mut()
        }
    }
}

impl<A: GlobalAlloc> Drop for Allocated<'_, A> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the block is from this allocator, by this layout, and given back once.
        unsafe { self.allocator.dealloc(self.block.as_ptr(), Self::LAYOUT) };
    }
}

#[inline]
fn check(block: &[u8], byte: u8) {
    assert!(block.as_ptr().addr().is_multiple_of(BLOCK) && block[0] == byte);
}
