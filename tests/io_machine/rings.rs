//! The ring at limits, on disks that fail, and under a tracer.

use std::fs;
use std::io::ErrorKind;
use std::panic::AssertUnwindSafe;

use bedplate::Demand;
use bedplate::io::{Completion, DirectFile, FileId, OpId, Refusal, Refused, SyncLost, Uring};
use bedplate::mem::AlignedBuf;
use bedplate::pool::{Block, BlockPool};

use crate::alone::{allowed, ignore_too_long_files, in_a_process_of_its_own, inside, limit, with_mounts};
use crate::loop_device::LoopDevice;
use crate::mount::Mount;
use crate::noise::noise;
use crate::strace::{injected, traced, under_tracer};
use crate::zram::Zram;

const MIB: usize = 1 << 20;

fn ring() -> Option<Uring<AlignedBuf>> {
    match Uring::builder().depth(8).build() {
        Ok(ring) => Some(ring),
        Err(error) => {
            println!("skipped: no io_uring here: {error}");
            None
        }
    }
}

fn aligned(len: usize, seed: u64) -> AlignedBuf {
    AlignedBuf::from_slice(&noise(len, seed), 4096)
}

/// Waits for so many completions, also where the kernel says that it has no memory to take operations now.
fn wait(ring: &mut Uring<AlignedBuf>, n: usize) {
    while let Err(error) = ring.wait(n, None) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
    }
}

/// The next completion, waited for.
fn next(ring: &mut Uring<AlignedBuf>) -> Completion<AlignedBuf> {
    wait(ring, 1);
    ring.poll().expect("it was waited for")
}

#[test]
fn short_writes_are_told_and_a_write_and_sync_is_all_or_an_error() {
    in_a_process_of_its_own("rings::short_writes_are_told_and_a_write_and_sync_is_all_or_an_error", || {
        /// 132 sectors of 512 bytes; half a page more than 16 pages.
        const LIMIT: usize = 67_584;
        ignore_too_long_files();
        limit(libc::RLIMIT_FSIZE, LIMIT as u64).unwrap();
        let Some(mut ring) = ring() else { return };
        let folder = tempfile::tempdir().unwrap();
        for direct in [Demand::Prefer, Demand::Off] {
            let path = folder.path().join(format!("{direct:?}"));
            let file = DirectFile::options().read().write().create().direct(direct).open(&path).unwrap();
            if !LIMIT.is_multiple_of(file.alignment().offset) {
                continue;
            }
            let id = ring.register_file(file).unwrap();
            ring.write(id, aligned(MIB, 1), 0).unwrap();
            let done = next(&mut ring);
            assert_eq!(done.result.unwrap(), LIMIT, "{direct:?}");

            for durable in [Uring::write_then_sync, Uring::write_durable] {
                durable(&mut ring, id, aligned(32 << 10, 2), 0).unwrap();
                assert_eq!(next(&mut ring).result.unwrap(), 32 << 10);
            }
            // Both halves of the pair go on to where the limit says no.
            ring.write_then_sync(id, aligned(MIB, 3), 0).unwrap();
            let error = next(&mut ring).result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{direct:?}: {error}");
            assert!(fs::read(&path).unwrap() == noise(MIB, 3)[..LIMIT]);
            // Which is no lost sync.
            ring.write_then_sync(id, aligned(4096, 4), 0).unwrap();
            assert_eq!(next(&mut ring).result.unwrap(), 4096);
        }
    });
}

/// A device of 16 MiB that takes one MiB of what cannot be compressed, and a ring, which goes first.
fn failing() -> Option<(Zram, Uring<AlignedBuf>)> {
    let ring = ring()?;
    Some((allowed("add a zram device", Zram::new(16 << 20, 1 << 20))?, ring))
}

fn open(ring: &mut Uring<AlignedBuf>, zram: &Zram, direct: Demand) -> FileId {
    let file = DirectFile::options().read().write().direct(direct).open(zram.path()).unwrap();
    ring.register_file(file).unwrap()
}

fn assert_lost(ring: &mut Uring<AlignedBuf>, file: FileId) {
    let refusals = [
        ring.write(file, aligned(4096, 5), 0).unwrap_err().into_parts().0,
        ring.write_then_sync(file, aligned(4096, 5), 0).unwrap_err().into_parts().0,
        ring.write_durable(file, aligned(4096, 5), 0).unwrap_err().into_parts().0,
        ring.write_vectored(file, vec![aligned(4096, 5)], 0).unwrap_err().into_parts().0,
        ring.sync_data(file).unwrap_err().into_parts().0,
    ];
    for why in refusals {
        let Refusal::SyncLost(lost) = why else { panic!("{why}") };
        assert_eq!(lost.cause().raw_os_error(), Some(libc::EIO));
    }
    let file = ring.unregister_file(file).unwrap();
    let error = file.sync_data().unwrap_err();
    assert!(error.get_ref().is_some_and(|inner| inner.is::<SyncLost>()), "{error}");
}

#[test]
fn a_write_that_fails_can_be_made_again() {
    let Some((zram, mut ring)) = failing() else { return };
    let file = open(&mut ring, &zram, Demand::Require);
    ring.write(file, aligned(4 * MIB, 1), 0).unwrap();
    let done = next(&mut ring);
    // Of a long write the kernel may tell how much came to the disk before the error.
    match done.result {
        Ok(n) => assert!(n < 4 * MIB, "{n}"),
        Err(e) => assert_eq!(e.raw_os_error(), Some(libc::EIO)),
    }
    zram.heal();
    ring.write_then_sync(file, done.buffers.one().unwrap(), 0).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 4 * MIB);
}

#[test]
fn a_failed_sync_is_final_for_the_file() {
    let Some((zram, mut ring)) = failing() else { return };
    let file = open(&mut ring, &zram, Demand::Off);
    ring.write(file, aligned(4 * MIB, 1), 0).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 4 * MIB);
    ring.sync_data(file).unwrap();
    assert_eq!(next(&mut ring).result.unwrap_err().raw_os_error(), Some(libc::EIO));
    zram.heal();
    assert_lost(&mut ring, file);
}

#[test]
fn a_failed_write_and_sync_is_final_for_the_file() {
    for durable in [Uring::write_then_sync, Uring::write_durable] {
        let Some((zram, mut ring)) = failing() else { return };
        let file = open(&mut ring, &zram, Demand::Off);
        durable(&mut ring, file, aligned(4 * MIB, 1), 0).unwrap();
        assert_eq!(next(&mut ring).result.unwrap_err().raw_os_error(), Some(libc::EIO));
        zram.heal();
        assert_lost(&mut ring, file);
    }
}

#[test]
fn sectors_of_4_kib_are_asked_for() {
    let check = |path: &std::path::Path| {
        let Some(mut ring) = ring() else { return };
        let file = DirectFile::options().read().write().direct(Demand::Require).open(path).unwrap();
        let needed = file.alignment();
        let file = ring.register_file(file).unwrap();
        ring.write(file, aligned(16_384, 1), 4096).unwrap();
        assert_eq!(next(&mut ring).result.unwrap(), 16_384);
        ring.read_vectored(file, vec![aligned(4096, 2), aligned(8192, 2), aligned(4096, 2)], 4096).unwrap();
        let done = next(&mut ring);
        assert_eq!(done.result.unwrap(), 16_384);
        let read: Vec<_> = done.buffers.many().iter().flat_map(|buffer| buffer.to_vec()).collect();
        assert!(read == noise(16_384, 1));
        for (len, offset) in [(512, 0), (4096, 512), (4096 + 512, 0)] {
            for refused in [
                ring.read(file, aligned(len, 3), offset).unwrap_err(),
                ring.write(file, aligned(len, 3), offset).unwrap_err(),
                ring.read_vectored(file, vec![aligned(4096, 3), aligned(len, 3)], offset).unwrap_err(),
            ] {
                let (why, buffers) = refused.into_parts();
                let Refusal::Misaligned(inner) = why else { panic!("{why}") };
                assert_eq!(inner.needed, needed);
                assert!(buffers.many().iter().any(|buffer| buffer.len() == len));
            }
        }
        // Memory that is aligned for the device and to nothing more.
        let start = needed.memory;
        ring.write_range(file, aligned(4096 + start, 4), start..start + 4096, 0).unwrap();
        assert_eq!(next(&mut ring).result.unwrap(), 4096);
        ring.read(file, aligned(4096, 5), 0).unwrap();
        assert!(*next(&mut ring).buffers.one().unwrap() == noise(4096 + start, 4)[start..]);
    };
    if let Some(device) = allowed("make a loop device", LoopDevice::new(64 << 10, 4096)) {
        check(device.path());
    }
    with_mounts(|| {
        if let Some(mount) = Mount::ext4(8 << 20, 4096) {
            let path = mount.path().join("f");
            fs::write(&path, noise(64 << 10, 6)).unwrap();
            check(&path);
        }
    });
}

/// Calls that are said to have handed everything over, or to have been interrupted, and handed over nothing.
#[test]
fn an_operation_is_handed_over_once_whatever_the_call_says() {
    if inside().is_some() {
        return under_tracer(|| {
            let Some(mut ring) = ring() else { return };
            let path = std::env::temp_dir().join("f");
            let file = DirectFile::options().read().write().create().open(&path).unwrap();
            let file = ring.register_file(file).unwrap();
            for round in 0..8 {
                for part in 0..4 {
                    ring.write(file, aligned(4096, round * 4 + part), part * 4096).unwrap();
                    // Told or not: what was not taken stays.
                    let _ = ring.submit();
                }
                for _ in 0..4 {
                    assert_eq!(next(&mut ring).result.unwrap(), 4096);
                }
                ring.write_then_sync(file, aligned(8192, round), 16_384).unwrap();
                assert_eq!(next(&mut ring).result.unwrap(), 8192);
                let expected: Vec<_> = (0..4).flat_map(|part| noise(4096, round * 4 + part)).collect();
                assert!(fs::read(&path).unwrap() == [expected, noise(8192, round)].concat());
            }
            let stats = ring.stats();
            assert_eq!((stats.accepted, stats.completed, stats.failed), (40, 40, 0));
        });
    }
    let name = "rings::an_operation_is_handed_over_once_whatever_the_call_says";
    for rule in ["error=EINTR:when=1+2", "retval=1:when=2+3", "retval=0:when=1+2", "error=EAGAIN:when=3+4"] {
        let rule = format!("io_uring_enter:{rule}");
        let Some(calls) = traced(name, "again", &[&rule], "io_uring_enter") else { return };
        assert!(injected(&calls) > 5 || calls.is_empty(), "{rule}: {calls:?}");
    }
}

/// In a child that was forked off, in which no other thread is.
fn assert_no_part(mut ring: Uring<Block>, file: FileId, pool: &BlockPool, queued: OpId) {
    let forked = |refused: Refused<Block>| matches!(refused.why(), Refusal::Forked);
    assert!(forked(ring.read(file, pool.try_acquire().unwrap(), 0).unwrap_err()));
    assert!(forked(ring.read_vectored(file, vec![pool.try_acquire().unwrap()], 0).unwrap_err()));
    assert!(forked(ring.sync_data(file).unwrap_err()));
    assert!(ring.submit().is_err() && ring.wait(1, None).is_err() && ring.cancel(queued).is_err());
    assert!(ring.cancel_all().is_err() && ring.eventfd().is_err() && ring.register_pool(pool).is_err());
    assert!(ring.register_file(DirectFile::options().read().open("/dev/null").unwrap()).is_err());
    assert!(ring.unregister_file(file).is_none());
    assert!(ring.poll().is_none());
    assert!(ring.depth() == 8 && !format!("{ring:?}").is_empty());
    drop(ring);
}

#[test]
fn a_forked_child_has_no_part_in_the_ring() {
    in_a_process_of_its_own("rings::a_forked_child_has_no_part_in_the_ring", || {
        let Ok(mut ring) = Uring::builder().depth(8).build() else { return println!("skipped: no io_uring here") };
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        fs::write(&path, noise(64 << 10, 1)).unwrap();
        let pool = BlockPool::builder().block_size(8192).max_blocks(8).build().unwrap();
        ring.register_pool(&pool).unwrap();
        let file = ring.register_file(DirectFile::options().read().open(&path).unwrap()).unwrap();
        ring.read(file, pool.try_acquire().unwrap(), 8192).unwrap();
        ring.submit().unwrap();
        let queued = ring.read(file, pool.try_acquire().unwrap(), 16_384).unwrap();

        // SAFETY: what the child does needs no thread but its own, and no lock that another could have held.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let result = std::panic::catch_unwind(AssertUnwindSafe(|| assert_no_part(ring, file, &pool, queued)));
            // SAFETY: ends the process at once, whose destructors are the parent's.
            unsafe { libc::_exit(i32::from(result.is_err())) };
        }
        let mut status = -1;
        // SAFETY: writes to an integer that outlives the call.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "what failed is said above");

        // For the parent nothing has changed: what was queued and in flight ends, and what was registered is.
        let registered = ring.effective();
        ring.read(file, pool.try_acquire().unwrap(), 24_576).unwrap();
        assert_eq!(ring.wait(3, None).unwrap(), 3);
        let mut read: Vec<_> = std::iter::from_fn(|| ring.poll()).map(|done| done.buffers.one().unwrap()).collect();
        read.sort_by_key(|block| noise(64 << 10, 1).chunks(8192).position(|part| *part == **block));
        let read: Vec<_> = read.iter().flat_map(|block| block.to_vec()).collect();
        assert!(read == noise(64 << 10, 1)[8192..32_768]);
        assert_eq!(ring.effective(), registered);
        assert!(ring.stats().fixed == 3 || registered.slabs == 0);
    });
}
