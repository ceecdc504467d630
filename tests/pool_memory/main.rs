//! What a pool of blocks takes from the system and gives back. A process of its own with one test, because the figures
//! are the process's.
#![cfg(all(feature = "pool", target_os = "linux"))]

use std::fs;
use std::sync::mpsc;
use std::thread;

use bedplate::pool::{Block, BlockPool, BlockPoolBuilder, Zero};

/// Bytes of this process that are in memory. `smaps_rollup` counts pages; `statm` reads counters that lag behind.
fn resident() -> usize {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse::<usize>().unwrap() << 10
}

const BLOCKS: usize = 10_000;
const MIB: usize = 1 << 20;
/// What the builder makes of 4 KiB blocks.
const SLAB: usize = 2 * MIB;

fn pool() -> BlockPoolBuilder {
    BlockPool::builder().block_size(4096).max_blocks(16_384)
}

/// In a vector that has the capacity, so that the allocator has no part in the figures.
fn acquire_and_soil(pool: &BlockPool, blocks: &mut Vec<Block>) {
    blocks.extend((0..BLOCKS).map(|_| pool.try_acquire().unwrap()));
    blocks.iter_mut().for_each(|block| block.as_full_mut().fill(0xff));
}

fn is_back(start: usize, what: &str) {
    let now = resident();
    println!("{what}: {} KiB above the start", now.saturating_sub(start) >> 10);
    assert!(now <= start + MIB, "{what}: {} KiB more than at the start", (now - start) >> 10);
}

#[test]
fn memory_goes_back_to_the_system() {
    // Once beforehand: what the process itself takes for the first time.
    let mut blocks = Vec::with_capacity(BLOCKS);
    let first = pool().build().unwrap();
    acquire_and_soil(&first, &mut blocks);
    drop(first);
    blocks.clear();

    let start = resident();
    let kept = pool().build().unwrap();
    acquire_and_soil(&kept, &mut blocks);
    assert!(resident() >= start + BLOCKS * 4096);
    blocks.clear();
    assert!(resident() >= start + BLOCKS * 4096, "idle blocks keep their memory");
    assert_eq!(kept.trim(0), BLOCKS.next_multiple_of(512));
    is_back(start, "after a trim");

    // Released by other threads, which live on with magazines of their own.
    acquire_and_soil(&kept, &mut blocks);
    thread::scope(|s| {
        let (done, all) = mpsc::channel();
        let mut ends = Vec::new();
        for part in [BLOCKS / 4; 4].map(|n| blocks.split_off(blocks.len() - n)) {
            let (end, ended) = mpsc::channel::<()>();
            ends.push(end);
            let done = done.clone();
            s.spawn(move || {
                drop(part);
                done.send(()).unwrap();
                // Until the trim is over.
                let _ = ended.recv();
            });
        }
        (0..4).for_each(|_| all.recv().unwrap());
        kept.trim(0);
        assert_eq!(kept.stats().slabs, 0, "blocks in the magazines of other threads are idle too");
        is_back(start, "after a trim of what other threads released");
    });

    // A pin keeps its slabs, and no more.
    let start = resident();
    drop(kept.try_acquire().unwrap());
    let pins = kept.pin_slabs();
    acquire_and_soil(&kept, &mut blocks);
    blocks.clear();
    kept.trim(0);
    assert_eq!(kept.stats().slabs, 1);
    is_back(start + SLAB, "with a slab pinned");
    drop(pins);
    kept.trim(0);
    is_back(start, "after the pin");

    acquire_and_soil(&kept, &mut blocks);
    let last = blocks.pop();
    kept.close();
    blocks.clear();
    assert_eq!(kept.stats().slabs, 1);
    is_back(start + SLAB, "after a close, with one block out");
    drop(last);
    is_back(start, "after a close");
    drop(kept);

    let decommitting = pool().zero(Zero::Decommit).build().unwrap();
    acquire_and_soil(&decommitting, &mut blocks);
    assert!(resident() >= start + BLOCKS * 4096);
    blocks.clear();
    assert!(decommitting.stats().idle >= BLOCKS);
    is_back(start, "idle blocks that were decommitted");
    drop(decommitting);

    let dropped = pool().build().unwrap();
    acquire_and_soil(&dropped, &mut blocks);
    drop(dropped);
    blocks.clear();
    is_back(start, "after the pool");
}
