//! A child that was forked while operations are in flight.

use std::io::{self, Write};
use std::os::fd::OwnedFd;

use bedplate::Demand;
use bedplate::io::{DirectFile, Refusal, Uring};
use bedplate::pool::BlockPool;

use super::alone::alone;

/// What a child finds; a number that says what it was, other than as it should be.
fn child(mut ring: Uring, file: bedplate::io::FileId, pool: &BlockPool) -> i32 {
    let forked = |error: io::Error| {
        error.get_ref().and_then(|e| e.downcast_ref::<Refusal>()).is_some_and(|why| matches!(why, Refusal::Forked))
    };
    let Ok(block) = pool.try_acquire() else { return 1 };
    match ring.read(file, block, 0) {
        Err(refused) if matches!(refused.why(), Refusal::Forked) => {}
        _ => return 2,
    }
    if !ring.submit().is_err_and(forked) {
        return 3;
    }
    if !ring.wait(1, None).is_err_and(forked) {
        return 4;
    }
    if ring.poll().is_some() {
        return 5;
    }
    if !ring.eventfd().map(drop).is_err_and(forked) || !ring.register_pool(pool).is_err_and(forked) {
        return 6;
    }
    if ring.unregister_file(file).is_some() || !ring.cancel_all().is_err_and(forked) {
        return 7;
    }
    let (reader, _writer) = io::pipe().unwrap();
    let Ok(reader) = DirectFile::try_from(std::fs::File::from(OwnedFd::from(reader))) else { return 8 };
    if !ring.register_file(reader).is_err_and(forked) {
        return 9;
    }
    if ring.in_flight() != 3 || !format!("{ring:?}").contains("in_flight: 3") {
        return 10;
    }
    drop(ring);
    0
}

#[test]
fn a_child_has_no_part_in_its_parents_ring() {
    alone("forked::a_child_has_no_part_in_its_parents_ring", || {
        let pool = BlockPool::builder().block_size(4096).max_blocks(8).build().unwrap();
        let mut ring: Uring = match Uring::builder().depth(4).build() {
            Ok(ring) => ring,
            Err(error) => return println!("skipped: {error}"),
        };
        ring.register_pool(&pool).unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        let reader = DirectFile::try_from(std::fs::File::from(OwnedFd::from(reader))).unwrap();
        let file = ring.register_file(reader).unwrap();
        // One that is over, and to be polled by the parent.
        let over =
            ring.register_file(DirectFile::options().read().direct(Demand::Off).open("/dev/null").unwrap()).unwrap();
        ring.read(over, pool.try_acquire().unwrap(), 0).unwrap();
        assert_eq!(ring.wait(1, None).unwrap(), 1);
        // One in flight, and one queued only, which a child could submit.
        ring.read(file, pool.try_acquire().unwrap(), 0).unwrap();
        ring.submit().unwrap();
        ring.read(file, pool.try_acquire().unwrap(), 0).unwrap();
        let mut ring = Some(ring);
        // SAFETY: the only other thread is the one that waits for this test, and holds no lock that the child takes.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0);
        if pid == 0 {
            let found = child(ring.take().unwrap(), file, &pool);
            // SAFETY: ends the process.
            unsafe { libc::_exit(found) };
        }
        let mut status = 0;
        // SAFETY: the number is written before the call returns.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child: {status:#x}");
        // To the parent nothing has happened.
        let mut ring = ring.unwrap();
        assert_eq!(ring.poll().unwrap().result.unwrap(), 0);
        for text in [[1; 4096], [2; 4096]] {
            writer.write_all(&text).unwrap();
            assert_eq!(ring.wait(1, None).unwrap(), 1);
            let done = ring.poll().unwrap();
            assert_eq!(done.result.unwrap(), 4096);
            assert_eq!(*done.buffers.one().unwrap(), text);
        }
        drop(ring);
        assert_eq!(pool.stats().in_use, 0);
    });
}
