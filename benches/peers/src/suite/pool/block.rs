//! Page-aligned blocks against allocators.
#![allow(unsafe_code)] // Allocators are called by hand here: a block must not go through the global one.

use crate::harness::{Bench, Better, Spec, together};
use bedplate::pool::{Block, BlockPool};
use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashSet;
use std::hint::black_box;
use std::ptr::NonNull;
use std::time::Duration;

const BLOCK: usize = 4096;

/// Blocks that are taken before one is given back.
const BULK: usize = 32;

/// Measures the rows of blocks.
pub fn run(bench: &mut Bench) {
    for threads in [1, 2] {
        let detail = "take a 4 KiB page-aligned block, write its first byte, give it back; no waiting; verified: \
                      alignment and the byte";
        bench.run(
            Spec::new(format!("block4k {threads}t"), detail)
                .threads(threads)
                .timed("bedplate", move |ops| {
                    let pool = pool();
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
    bulk(bench);
}

fn bulk(bench: &mut Bench) {
    let detail = "take 32 page-aligned blocks of 4 KiB into a Vec that is kept, give them back; bedplate: with one call \
                  each way, its peer of that name: one by one; no waiting; the blocks are not touched, since 32 lines that \
                  are 4 KiB apart fall into one set of the nearest cache; verified: alignment of all, and of the last 32 that no two are the same";
    bench.run(
        Spec::new("block4k bulk32", detail)
            .unit("ns/32 blocks", Better::Lower)
            .timed("bedplate", |ops| {
                let pool = pool();
                let take = |blocks: &mut Vec<Block>| {
                    let taken = pool.try_acquire_many(BULK, blocks).expect("the bound is not reached");
                    assert_eq!(taken, BULK);
                };
                bulks(ops, take, |blocks| pool.release_many(blocks))
            })
            .timed("bedplate, 32 single", |ops| {
                let pool = pool();
                let take = |blocks: &mut Vec<Block>| {
                    blocks.extend((0..BULK).map(|_| pool.try_acquire().expect("the bound is not reached")));
                };
                bulks(ops, take, Vec::clear)
            })
            .timed("mimalloc", |ops| bulk_allocator(ops, &MiMalloc))
            .timed("glibc aligned_alloc", |ops| bulk_allocator(ops, &System)),
    );
}

fn pool() -> BlockPool {
    BlockPool::builder().block_size(BLOCK).max_blocks(512).build().expect("a pool")
}

/// Each thread takes and gives back `ops` times.
fn cycle(threads: usize, ops: u64, once: impl Fn(u8) + Sync) -> Duration {
    let (elapsed, _) = together(threads, |_| {
        (0..ops).for_each(|index| once(index as u8));
        0
    });
    elapsed
}

/// One thread takes [`BULK`] and gives them back `ops` times.
fn bulks<B: Addressed>(
    ops: u64,
    take: impl Fn(&mut Vec<B>) + Sync,
    give_back: impl Fn(&mut Vec<B>) + Sync,
) -> Duration {
    let (elapsed, bits) = together(1, |_| {
        let mut blocks = Vec::with_capacity(BULK);
        let mut bits = 0;
        for _ in 0..ops {
            take(&mut blocks);
            bits = black_box(&blocks).iter().fold(bits, |bits, block| bits | block.addr());
            give_back(&mut blocks);
            assert!(blocks.is_empty());
        }
        bits as u64
    });
    assert!((bits as usize).is_multiple_of(BLOCK), "a block is not aligned");
    // Not timed: once more, each against each.
    let mut blocks = Vec::with_capacity(BULK);
    take(&mut blocks);
    let distinct: HashSet<_> = blocks.iter().map(Addressed::addr).collect();
    assert_eq!((blocks.len(), distinct.len()), (BULK, BULK), "a block has one owner at a time");
    give_back(&mut blocks);
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

fn bulk_allocator<'a, A: GlobalAlloc + Sync>(ops: u64, allocator: &'a A) -> Duration {
    let take = |blocks: &mut Vec<Allocated<'a, A>>| blocks.extend((0..BULK).map(|_| Allocated::new(allocator)));
    bulks(ops, take, Vec::clear)
}

/// What has an address.
trait Addressed {
    fn addr(&self) -> usize;
}

impl Addressed for Block {
    #[inline]
    fn addr(&self) -> usize {
        self.as_full().as_ptr().addr()
    }
}

impl<A: GlobalAlloc> Addressed for Allocated<'_, A> {
    #[inline]
    fn addr(&self) -> usize {
        self.block.addr().get()
    }
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
