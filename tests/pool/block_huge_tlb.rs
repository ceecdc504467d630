//! Slabs in the huge pages that the administrator set aside: each test sets some aside itself, and is skipped, with a
//! word, where it may not.
#![allow(unsafe_code)] // A fork.

use std::fs;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bedplate::Demand;
use bedplate::mem::HugePages;
use bedplate::pool::{AcquireError, Block, BlockPool, BlockPoolBuilder, Zero};

const PAGE: usize = 2 << 20;
const RESERVE: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";
const HUGE: HugePages = HugePages::HugeTlb(PAGE);

/// The tests of this file share the machine's pages.
static ALONE: Mutex<()> = Mutex::new(());

fn read(file: &str) -> io::Result<usize> {
    fs::read_to_string(format!("{RESERVE}/{file}"))?.trim().parse().map_err(io::Error::other)
}

fn free() -> usize {
    read("free_hugepages").unwrap()
}

/// Exactly so many free pages, until this is dropped.
struct SetAside {
    before: usize,
    _alone: MutexGuard<'static, ()>,
}

impl SetAside {
    fn new(pages: usize) -> Option<Self> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let set_aside = Self { before: read("nr_hugepages")?, _alone: alone };
            let in_use = set_aside.before - read("free_hugepages")?;
            fs::write(format!("{RESERVE}/nr_hugepages"), (in_use + pages).to_string())?;
            if free() == pages { Ok(set_aside) } else { Err(io::ErrorKind::OutOfMemory.into()) }
        };
        made().inspect_err(|why: &io::Error| eprintln!("skipped: no huge pages to be set aside: {why}")).ok()
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        let _ = fs::write(format!("{RESERVE}/nr_hugepages"), self.before.to_string());
    }
}

/// One huge page a slab and a block.
fn builder(demand: Demand) -> BlockPoolBuilder {
    BlockPool::builder().block_size(PAGE).slab_blocks(1).max_blocks(4).huge_pages(HUGE, demand)
}

fn soil(block: &mut Block) {
    assert!(block.as_full().iter().all(|b| *b == 0));
    block.as_full_mut().fill(0xff);
}

#[test]
fn slabs_are_in_them_and_give_them_back() {
    let Some(_pages) = SetAside::new(3) else { return };
    let pool = builder(Demand::Require).build().unwrap();
    assert_eq!((pool.effective().huge_pages, pool.effective().prefaulted), (Some(PAGE), true));
    assert_eq!(free(), 2);
    let mut blocks: Vec<Block> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    blocks.iter_mut().for_each(soil);
    assert_eq!(free(), 0);

    // Taken when the slab is added, so what is not there is an error, and no signal at the first touch.
    let AcquireError::Create(refused) = pool.try_acquire().unwrap_err() else { panic!("there is room") };
    assert_eq!(refused.downcast::<io::Error>().unwrap().kind(), io::ErrorKind::OutOfMemory);
    assert_eq!((pool.stats().total, pool.stats().slabs), (3, 3));

    drop(blocks);
    assert_eq!(pool.trim(1), 2);
    assert_eq!(free(), 2);
    let mut blocks: Vec<Block> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    blocks.sort_by_key(|block| block.location());
    blocks[1..].iter_mut().for_each(soil);
    drop((pool, blocks));
    assert_eq!(free(), 3);
}

#[test]
fn a_preference_goes_on_without_them() {
    let Some(_pages) = SetAside::new(2) else { return };
    let pool = builder(Demand::Prefer).build().unwrap();
    let mut blocks: Vec<Block> = (0..4).map(|_| pool.try_acquire().unwrap()).collect();
    blocks.iter_mut().for_each(soil);
    assert_eq!((free(), pool.effective().huge_pages), (0, None));
    drop(blocks);
    assert_eq!(pool.trim(0), 4);
    assert_eq!(free(), 2);
    let mut blocks: Vec<Block> = (0..4).map(|_| pool.try_acquire().unwrap()).collect();
    blocks.iter_mut().for_each(soil);
}

#[test]
fn blocks_in_them_are_zero_where_that_is_asked_for() {
    let Some(_pages) = SetAside::new(1) else { return };
    for zero in [Zero::OnRelease, Zero::OnAcquire, Zero::Decommit] {
        for size in [4096, PAGE] {
            let pool = builder(Demand::Require).block_size(size).max_blocks(PAGE / size).zero(zero).build().unwrap();
            for _ in 0..2 {
                let mut blocks = Vec::new();
                pool.try_acquire_many(usize::MAX, &mut blocks).unwrap();
                blocks.iter_mut().for_each(soil);
            }
        }
    }
}

#[test]
fn a_child_does_not_take_its_parents_pages() {
    let Some(_pages) = SetAside::new(1) else { return };
    let pool = builder(Demand::Require).max_blocks(1).build().unwrap();
    let mut block = pool.try_acquire().unwrap();
    let mut pipe = [0; 2];
    // SAFETY: the call fills the array.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    // SAFETY: the child makes system calls alone.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let mut byte = 0u8;
        // SAFETY: the child waits until the parent closes its ends of the pipe, and is gone without running anything.
        unsafe {
            libc::close(pipe[1]);
            libc::read(pipe[0], (&raw mut byte).cast(), 1);
            libc::_exit(0);
        }
    }
    // With a shared page, this would need another for the copy, of which there is none.
    soil(&mut block);
    // SAFETY: the descriptors are this test's, and so is the child.
    unsafe {
        libc::close(pipe[0]);
        libc::close(pipe[1]);
        assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
    }
}
