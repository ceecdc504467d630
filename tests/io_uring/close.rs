//! No write of the kernel lands in memory that the ring gave back.

use std::fs::File;
use std::time::{Duration, Instant};

use bedplate::Demand;
use bedplate::io::{DirectFile, IoBuf, Uring};
use bedplate::mem::AlignedBuf;
use bedplate::pool::{Block, BlockPool};

use super::alone::alone;
use super::arena::{Arena, POISON, SIZE, Watched};
use super::stalled::{FULL_OF, Stalled, stalled};

const FLIGHT: usize = 640;

/// How long a ring over a device that has stalled waits in vain.
const SHORT: Duration = Duration::from_millis(30);

fn ring<B: IoBuf>(drain: Duration) -> Option<Uring<B>> {
    Uring::builder().depth(FLIGHT).drain(drain).build().inspect_err(|error| println!("skipped: {error}")).ok()
}

/// The file, whose reads are held from now on.
fn stalling(stalled: &Stalled) -> DirectFile {
    let file = DirectFile::options().read().direct(Demand::Require).open(stalled.path()).unwrap();
    stalled.stall();
    file
}

/// Reads into all of them, from here and there.
fn read_all<B: IoBuf>(ring: &mut Uring<B>, file: DirectFile, buffers: impl Iterator<Item = B>) {
    let file = ring.register_file(file).unwrap();
    for (i, buffer) in buffers.enumerate() {
        ring.read(file, buffer, ((i * 7) % 1000 * SIZE) as u64).unwrap();
    }
    assert_eq!((ring.submit().unwrap(), ring.in_flight()), (FLIGHT, FLIGHT));
}

/// Drops the ring while the device holds all its reads.
fn drop_in_vain<B: IoBuf>(ring: Uring<B>, stalled: &Stalled) {
    stalled.wait_for(FLIGHT);
    let begun = Instant::now();
    drop(ring);
    let took = begun.elapsed();
    assert!(took >= SHORT && took < 20 * SHORT, "{took:?}");
}

/// What memory must not hold that somebody else has now.
fn is_untouched(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == POISON)
}

/// Bytes that were leaked, and that the kernel writes to.
fn leaked_byte(at: *const u8) -> u8 {
    // SAFETY: the ring leaked the buffer, so it is there for good; the kernel has been heard of, or is looked at by
    // volatile reads until it has.
    unsafe { at.add(SIZE - 1).read_volatile() }
}

#[test]
fn a_stalled_device_writes_into_leaked_memory_only() {
    alone("close::a_stalled_device_writes_into_leaked_memory_only", || {
        let dir = tempfile::tempdir().unwrap();
        let Some(stalled) = stalled(dir.path()) else { return };
        let Some(mut ring) = ring::<Watched>(SHORT) else { return };
        let arena = Arena::new(FLIGHT);
        read_all(&mut ring, stalling(&stalled), arena.buffers());
        drop_in_vain(ring, &stalled);
        assert_eq!(arena.returned(), 0, "given back with a read in flight");
        assert_eq!(arena.waiting_for(FULL_OF), FLIGHT);
        assert_eq!(stalled.answer(), FLIGHT);
        assert_eq!((arena.waiting_for(FULL_OF), arena.overwritten()), (0, 0), "the late writes");
    });
}

#[test]
fn a_pool_gets_back_no_block_that_a_stalled_device_writes_to() {
    alone("close::a_pool_gets_back_no_block_that_a_stalled_device_writes_to", || {
        for registered in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let Some(stalled) = stalled(dir.path()) else { return };
            let Some(mut ring) = ring::<Block>(SHORT) else { return };
            let pool = BlockPool::builder().block_size(SIZE).slab_blocks(64).max_blocks(FLIGHT + 64).build().unwrap();
            if registered {
                ring.register_pool(&pool).unwrap();
            }
            let blocks: Vec<_> = (0..FLIGHT).map(|_| pool.try_acquire().unwrap()).collect();
            let places: Vec<_> = blocks.iter().map(|block| block.as_full().as_ptr()).collect();
            read_all(&mut ring, stalling(&stalled), blocks.into_iter());
            drop_in_vain(ring, &stalled);
            let mut others = Vec::new();
            while let Ok(mut block) = pool.try_acquire() {
                block.as_full_mut().fill(POISON);
                others.push(block);
            }
            assert_eq!(others.len(), 64, "only what was not in flight is to be had");
            // Idle memory goes, that in flight stays.
            drop(others.split_off(32));
            pool.trim(0);
            assert_eq!(stalled.answer(), FLIGHT);
            assert!(others.iter().all(|block| is_untouched(block.as_full())));
            assert!(places.iter().all(|at| leaked_byte(*at) == FULL_OF), "the late writes");
            assert_eq!(pool.stats().in_use, FLIGHT + 32);
        }
    });
}

#[test]
fn memory_of_the_allocator_is_not_freed_under_a_stalled_device() {
    alone("close::memory_of_the_allocator_is_not_freed_under_a_stalled_device", || {
        let dir = tempfile::tempdir().unwrap();
        let Some(stalled) = stalled(dir.path()) else { return };
        let Some(mut ring) = ring::<AlignedBuf>(SHORT) else { return };
        let buffer = || AlignedBuf::zeroed(SIZE, SIZE);
        let buffers: Vec<_> = (0..FLIGHT).map(|_| buffer()).collect();
        let places: Vec<_> = buffers.iter().map(|buffer| buffer.as_ptr().as_ptr().cast_const()).collect();
        read_all(&mut ring, stalling(&stalled), buffers.into_iter());
        drop_in_vain(ring, &stalled);
        // The allocator would give out first what was freed last.
        let others: Vec<_> = (0..2 * FLIGHT).map(|_| AlignedBuf::from_slice(&[POISON; SIZE], SIZE)).collect();
        assert!(others.iter().all(|other| !places.contains(&other.as_ptr().as_ptr().cast_const())));
        assert_eq!(stalled.answer(), FLIGHT);
        assert!(others.iter().all(|other| is_untouched(other)));
        assert!(places.iter().all(|at| leaked_byte(*at) == FULL_OF), "the late writes");
    });
}

/// The lists of vectored reads, and their vectors of buffers, are the ring's too.
#[test]
fn vectored_reads_are_leaked_whole() {
    alone("close::vectored_reads_are_leaked_whole", || {
        let dir = tempfile::tempdir().unwrap();
        let Some(stalled) = stalled(dir.path()) else { return };
        let Some(mut ring) = ring::<Watched>(SHORT) else { return };
        let arena = Arena::new(FLIGHT);
        let mut buffers = arena.buffers();
        let file = ring.register_file(stalling(&stalled)).unwrap();
        for i in 0..FLIGHT / 8 {
            ring.read_vectored(file, buffers.by_ref().take(8).collect(), (i * 8 * SIZE) as u64).unwrap();
        }
        ring.submit().unwrap();
        stalled.wait_for(FLIGHT / 8);
        drop(ring);
        assert_eq!(arena.returned(), 0);
        stalled.answer();
        assert_eq!((arena.waiting_for(FULL_OF), arena.overwritten()), (0, 0));
    });
}

/// Some of the reads are over when the ring is dropped, some are not: each buffer goes where it belongs.
#[test]
fn what_is_over_comes_back_and_what_is_not_does_not() {
    alone("close::what_is_over_comes_back_and_what_is_not_does_not", || {
        let dir = tempfile::tempdir().unwrap();
        let Some(stalled) = stalled(dir.path()) else { return };
        let Some(mut ring) = ring::<Watched>(SHORT) else { return };
        let arena = Arena::new(FLIGHT);
        let mut buffers = arena.buffers();
        let file = ring.register_file(stalling(&stalled)).unwrap();
        for (i, buffer) in buffers.by_ref().take(FLIGHT / 2).enumerate() {
            ring.read(file, buffer, (i * SIZE) as u64).unwrap();
        }
        ring.submit().unwrap();
        stalled.wait_for(FLIGHT / 2);
        stalled.answer();
        assert_eq!(ring.wait(100, None).unwrap().min(100), 100);
        let polled: Vec<_> = (0..50).map(|_| ring.poll().unwrap()).collect();
        for (i, buffer) in buffers.by_ref().take(FLIGHT / 4).enumerate() {
            ring.read(file, buffer, (i * SIZE) as u64).unwrap();
        }
        ring.submit().unwrap();
        stalled.wait_for(FLIGHT / 4);
        // And some are queued only.
        for (i, buffer) in buffers.enumerate() {
            ring.read(file, buffer, (i * SIZE) as u64).unwrap();
        }
        drop(ring);
        assert_eq!(arena.returned(), FLIGHT - 50 - FLIGHT / 4);
        assert_eq!(stalled.answer(), FLIGHT / 4, "what was queued only was not begun");
        assert_eq!(arena.overwritten(), 0);
        drop(polled);
        assert_eq!((arena.returned(), arena.overwritten()), (FLIGHT - FLIGHT / 4, 0));
        assert_eq!(arena.waiting_for(FULL_OF), 0);
    });
}

/// A disk as it is. Dropped without patience, a ring leaks what the disk has not read yet; with patience it waits for
/// it.
#[test]
fn a_disk_writes_into_no_memory_that_was_given_back() {
    alone("close::a_disk_writes_into_no_memory_that_was_given_back", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, vec![FULL_OF; 1000 * SIZE]).unwrap();
        File::open(&path).unwrap().sync_all().unwrap();
        for (drain, rounds) in [(Duration::ZERO, 8), (Duration::from_secs(20), 2)] {
            for _ in 0..rounds {
                let Some(mut ring) = ring::<Watched>(drain) else { return };
                let arena = Arena::new(FLIGHT);
                let file = DirectFile::options().read().open(&path).unwrap();
                let file = ring.register_file(file).unwrap();
                for (i, buffer) in arena.buffers().enumerate() {
                    ring.read(file, buffer, ((i * 7) % 1000 * SIZE) as u64).unwrap();
                }
                ring.submit().unwrap();
                drop(ring);
                println!("note: {} of {FLIGHT} came back with {drain:?}", arena.returned());
                assert!(drain.is_zero() || arena.returned() == FLIGHT);
                let begun = Instant::now();
                while arena.waiting_for(FULL_OF) > 0 {
                    assert!(begun.elapsed() < Duration::from_secs(20), "a read that was leaked went no further");
                    std::thread::yield_now();
                }
                // The same disk, once more, behind whatever is late.
                let again = DirectFile::options().read().open(&path).unwrap();
                for i in 0..200 {
                    again.read_at(&mut AlignedBuf::zeroed(SIZE, SIZE), i * SIZE as u64).unwrap();
                }
                assert_eq!(arena.overwritten(), 0, "after {} came back", arena.returned());
            }
        }
    });
}
