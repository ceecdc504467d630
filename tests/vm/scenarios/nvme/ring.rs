//! `Uring` over a disk.

use bedplate::io::{DirectFile, Refusal, Uring};
use bedplate::mem::AlignedBuf;
use bedplate::pool::{Block, BlockPool};

use super::Case;
use super::disk::{DISKS, Disk, FILLED, pattern};

pub const CASES: &[Case] = &[
    ("many_at_once_are_each_in_their_place", many_at_once_are_each_in_their_place),
    ("what_does_not_fit_comes_back", what_does_not_fit_comes_back),
    ("writes_are_durable_one_way_and_the_other", writes_are_durable_one_way_and_the_other),
    ("a_ring_that_is_dropped_lets_go_of_all_blocks", a_ring_that_is_dropped_lets_go_of_all_blocks),
];

const BLOCK: usize = 16 << 10;
const DEPTH: usize = 32;

/// With memory of its own that is not pooled yet.
fn pool() -> BlockPool {
    BlockPool::builder().block_size(BLOCK).slab_blocks(DEPTH).max_blocks(DEPTH).build().unwrap()
}

fn ring_over(disk: Disk, pool: &BlockPool) -> (Uring, bedplate::io::FileId) {
    let mut ring = Uring::builder().depth(DEPTH).build().unwrap();
    // A slab that is not there yet is registered when its first block is met.
    ring.register_pool(pool).unwrap();
    let file = ring.register_file(disk.open()).unwrap();
    (ring, file)
}

/// Waits for everything.
fn all(ring: &mut Uring) -> Vec<(bedplate::io::OpId, Block)> {
    ring.wait(ring.in_flight(), None).unwrap();
    let mut done = Vec::new();
    while let Some(completion) = ring.poll() {
        assert_eq!(completion.result.unwrap(), BLOCK);
        done.push((completion.id, completion.buffers.one().unwrap()));
    }
    assert_eq!(ring.in_flight(), 0);
    done
}

fn many_at_once_are_each_in_their_place() {
    for disk in DISKS {
        let pool = pool();
        let (mut ring, file) = ring_over(disk, &pool);
        assert!(ring.effective().cooperative && ring.effective().files, "{:?}", ring.effective());
        let places: Vec<u64> = (0..DEPTH as u64).map(|i| (i * 7 % DEPTH as u64) * BLOCK as u64).collect();
        for place in &places {
            let mut block = pool.try_acquire().unwrap();
            block.set_len(BLOCK);
            block.copy_from_slice(&pattern(place + 3, BLOCK));
            ring.write(file, block, *place).unwrap();
        }
        drop(all(&mut ring));
        for place in &places {
            assert!(disk.read(*place, BLOCK) == pattern(place + 3, BLOCK), "at {place}");
        }
        let ids: Vec<_> =
            places.iter().map(|place| ring.read(file, pool.try_acquire().unwrap(), *place).unwrap()).collect();
        for (id, block) in all(&mut ring) {
            let place = places[ids.iter().position(|of| *of == id).unwrap()];
            assert!(block[..] == pattern(place + 3, BLOCK), "at {place}");
        }
        assert_eq!(ring.effective().slabs, 1);
        assert_eq!(ring.stats().fixed, 2 * DEPTH as u64);
    }
}

fn what_does_not_fit_comes_back() {
    for disk in DISKS {
        disk.fill();
        let mut ring = Uring::builder().depth(4).build::<AlignedBuf>().unwrap();
        let file = ring.register_file(disk.open()).unwrap();
        // By the file's own measure, and each segment by itself.
        let refused = ring.read(file, AlignedBuf::zeroed(disk.sector / 2, 4096), 0).unwrap_err();
        assert!(matches!(refused.why(), Refusal::Misaligned(_)), "{refused}");
        assert_eq!(refused.into_inner().one().unwrap().len(), disk.sector / 2);
        let segments = || vec![AlignedBuf::zeroed(512, 4096), AlignedBuf::zeroed(3584, 4096)];
        match ring.read_vectored(file, segments(), 0) {
            Ok(_) => {
                assert_eq!(disk.sector, 512);
                ring.wait(1, None).unwrap();
                let done = ring.poll().unwrap();
                assert_eq!(done.result.unwrap(), 4096);
                assert!(done.buffers.many().concat() == pattern(0, 4096));
            }
            Err(refused) => {
                assert_eq!(disk.sector, 4096);
                assert!(matches!(refused.why(), Refusal::Misaligned(_)), "{refused}");
                assert_eq!(refused.into_inner().many().len(), 2);
            }
        }
    }
}

fn writes_are_durable_one_way_and_the_other() {
    for disk in DISKS {
        let mut ring = Uring::builder().depth(4).build::<AlignedBuf>().unwrap();
        let file = ring.register_file(disk.open()).unwrap();
        let buffer = |seed| AlignedBuf::from_slice(&pattern(seed, 8192), 4096);
        ring.write_durable(file, buffer(1), 0).unwrap();
        ring.write_then_sync(file, buffer(2), 8192).unwrap();
        ring.wait(2, None).unwrap();
        while let Some(done) = ring.poll() {
            assert_eq!(done.result.unwrap(), 8192);
        }
        ring.sync_data(file).unwrap();
        ring.wait(1, None).unwrap();
        assert_eq!(ring.poll().unwrap().result.unwrap(), 0);
        assert!(disk.read(0, 8192) == pattern(1, 8192) && disk.read(8192, 8192) == pattern(2, 8192));
    }
}

/// And writes to none of them afterwards.
fn a_ring_that_is_dropped_lets_go_of_all_blocks() {
    for disk in DISKS {
        disk.fill();
        let pool = pool();
        let (mut ring, file) = ring_over(disk, &pool);
        for i in 0..DEPTH as u64 {
            ring.read(file, pool.try_acquire().unwrap(), i * BLOCK as u64).unwrap();
        }
        ring.submit().unwrap();
        drop(ring);
        let mut blocks = Vec::new();
        assert_eq!(pool.try_acquire_many(DEPTH, &mut blocks).unwrap(), DEPTH);
        blocks.iter_mut().for_each(|block| block.as_full_mut().fill(0xa5));
        // The disk does as much again meanwhile, and more.
        let other: DirectFile = disk.open();
        let mut read = AlignedBuf::zeroed(FILLED as usize, 4096);
        other.read_exact_at(&mut read, 0).unwrap();
        assert!(read[..] == pattern(0, FILLED as usize));
        assert!(blocks.iter().all(|block| block.as_full().iter().all(|byte| *byte == 0xa5)));
    }
}
