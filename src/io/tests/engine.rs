//! Requests, whoever moves them: short, interrupted, refused.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::faults::{Call, EINTR, EIO, Fault, Faults};
use crate::io::engine::{Direction, Done, Engine, Request, Setup};
use crate::io::{Alignment, Backend, DirectFile};
use crate::pool::{Block, BlockPool};
#[cfg(feature = "io-uring")]
use crate::sys::Demand;

const BLOCK: usize = 8192;
pub(super) const BACKENDS: [Backend; 3] = [Backend::Inline, Backend::Threads(1), Backend::Threads(3)];

pub(super) fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

pub(super) fn aligned(unit: usize) -> Option<Alignment> {
    (unit > 1).then_some(Alignment { memory: unit.min(512), offset: unit })
}

pub(super) fn temporary(content: &[u8]) -> File {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(content, 0).unwrap();
    file
}

fn engine(file: DirectFile, direction: Direction, backend: Backend) -> (BlockPool, Engine, Alignment) {
    let file = Arc::new(file);
    let setup = Setup { block_size: Some(BLOCK), backend, ..Setup::default() };
    let (pool, engine) = setup.start(&file, direction, None, 4).unwrap();
    (pool, engine, file.alignment())
}

fn block(pool: &BlockPool, content: &[u8]) -> Block {
    let mut block = pool.acquire().unwrap();
    block.as_full_mut().fill(0xee);
    block.as_full_mut()[..content.len()].copy_from_slice(content);
    block.set_len(content.len());
    block
}

/// Sequences of up to three calls that are short or interrupted.
fn scripts(unit: usize) -> Vec<Vec<Fault>> {
    let faults = [
        Fault::Errno(EINTR),
        Fault::Short(1),
        Fault::Short(unit - 1),
        Fault::Short(unit),
        Fault::Short(unit + 1),
        Fault::Short(3 * unit / 2),
    ];
    let mut scripts = Vec::new();
    for first in faults {
        scripts.push(vec![first]);
        for second in faults {
            scripts.push(vec![first, second]);
            scripts.push(vec![first, second, Fault::Short(unit + 1)]);
        }
    }
    scripts
}

#[test]
fn short_transfers_are_taken_up_at_a_whole_unit() {
    let content = pattern(3 * BLOCK);
    for backend in [Backend::Inline, Backend::Threads(1)] {
        for unit in [512, 4096] {
            for needed in [BLOCK, BLOCK - 1, 5000, unit + 1, 1] {
                for script in scripts(unit) {
                    let faults = Faults::new();
                    for (number, fault) in script.iter().enumerate() {
                        faults.on(Call::Read, number, *fault).on(Call::Write, number, *fault);
                    }
                    let file = temporary(&content);
                    let (pool, mut engine, alignment) =
                        engine(faults.file(file.try_clone().unwrap(), aligned(unit)), Direction::Read, backend);
                    engine.submit(Request::read(pool.acquire().unwrap(), BLOCK as u64, needed, alignment));
                    let Done { offset, block: got, result, .. } = engine.take().unwrap();
                    result.unwrap();
                    let got = got.unwrap();
                    assert_eq!(offset, BLOCK as u64);
                    assert!(got.len() >= needed, "{script:?}: {} of {needed}", got.len());
                    assert!(got[..needed] == content[BLOCK..][..needed], "{script:?}");
                    drop((got, engine));

                    let file_to_write = faults.file(file.try_clone().unwrap(), aligned(unit));
                    let (pool, mut engine, alignment) = self::engine(file_to_write, Direction::Write, backend);
                    let data: Vec<u8> = content[..needed].iter().map(|byte| byte ^ 0xff).collect();
                    engine.submit(Request::write(block(&pool, &data), BLOCK as u64, alignment));
                    engine.take().unwrap().result.unwrap();
                    let mut there = vec![0; 3 * BLOCK];
                    file.read_exact_at(&mut there, 0).unwrap();
                    let after = BLOCK + needed.next_multiple_of(unit);
                    assert!(there[..BLOCK] == content[..BLOCK] && there[after..] == content[after..]);
                    assert!(there[BLOCK..BLOCK + needed] == data, "{script:?}");
                    // Of padding that is not asked for again, since all that counts is written, the old bytes stay.
                    let mut padding = there[BLOCK + needed..after].iter().zip(&content[BLOCK + needed..]);
                    assert!(padding.all(|(byte, old)| *byte == 0 || byte == old), "{script:?}: padding is zeros");
                    for (offset, len) in faults.ranges() {
                        assert!(offset % unit as u64 == 0 && len % unit == 0, "{script:?}: {offset} {len}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_transfer_that_gets_nowhere_ends() {
    let faults = Faults::new();
    faults.always(Call::Read, Fault::Short(100)).always(Call::Write, Fault::Short(100));
    let content = pattern(BLOCK);
    let (pool, mut engine, alignment) =
        engine(faults.file(temporary(&content), aligned(512)), Direction::Write, Backend::Inline);
    engine.submit(Request::write(block(&pool, &content), 0, alignment));
    assert_eq!(engine.take().unwrap().result.unwrap_err().kind(), io::ErrorKind::WriteZero);
    let (pool, mut engine, alignment) =
        self::engine(faults.file(temporary(&content), aligned(512)), Direction::Read, Backend::Inline);
    engine.submit(Request::read(pool.acquire().unwrap(), 0, BLOCK, alignment));
    let done = engine.take().unwrap();
    done.result.unwrap();
    assert_eq!(done.block.unwrap().len(), 100, "as at the end of a file");
    assert!(faults.count(Call::Read) < 50);
}

#[test]
fn results_come_in_the_order_of_submission_with_their_blocks() {
    const DEPTH: usize = 4;
    let content = pattern(9 * BLOCK);
    for backend in BACKENDS {
        let faults = Faults::new();
        let (pool, mut engine, alignment) =
            engine(faults.file(temporary(&content), aligned(512)), Direction::Read, backend);
        let mut expected = std::collections::VecDeque::new();
        let mut taken = 0;
        for round in 0..100 {
            let number = (round * 7) % 9;
            if engine.is_full() {
                let done = engine.take().unwrap();
                assert_eq!(Some(done.offset), expected.pop_front());
                done.result.unwrap();
                assert!(done.block.unwrap()[..] == content[done.offset as usize..][..BLOCK]);
                taken += 1;
            }
            engine.submit(Request::read(pool.acquire().unwrap(), (number * BLOCK) as u64, BLOCK, alignment));
            expected.push_back((number * BLOCK) as u64);
            assert!(engine.in_flight() <= DEPTH);
        }
        assert!(taken >= 100 - DEPTH);
        // An error comes in its turn, and gives the block back; those behind it are not concerned.
        while engine.take().is_some() {}
        faults.reset();
        faults.on(Call::Read, 0, Fault::Errno(EIO));
        engine.submit(Request::read(pool.acquire().unwrap(), 0, BLOCK, alignment));
        let done = engine.take().unwrap();
        assert_eq!(done.result.unwrap_err().raw_os_error(), Some(EIO));
        assert!(done.block.is_some(), "{backend:?}");
        engine.submit(Request::read(pool.acquire().unwrap(), 0, BLOCK, alignment));
        engine.cancel();
        assert!(engine.take().is_none() && engine.try_take().is_none());
        drop(done.block);
        assert_eq!(pool.stats().in_use, 0);
    }
}

#[test]
fn a_depth_is_kept_and_said() {
    let file = || Arc::new(Faults::new().file(temporary(&pattern(100)), aligned(512)));
    let depth = |backend, depth| {
        let setup = Setup { block_size: Some(BLOCK), backend, depth, ..Setup::default() };
        let (_, engine) = setup.start(&file(), Direction::Read, None, 0).unwrap();
        assert_eq!(engine.backend(), backend);
        engine.depth()
    };
    assert_eq!(depth(Backend::Inline, None), 1);
    assert_eq!(depth(Backend::Inline, Some(9)), 1);
    assert_eq!(depth(Backend::Threads(2), None), 4);
    assert_eq!(depth(Backend::Threads(6), None), 6);
    assert_eq!(depth(Backend::Threads(2), Some(1)), 1);
    assert_eq!(depth(Backend::Threads(2), Some(9)), 9);
}

/// As of a thread that ends: operations that the kernel had not begun come back cancelled, though the engine waits for
/// them. Linux 6.18 does that only to files that are not regular, so the ring is asked to.
#[cfg(feature = "io-uring")]
#[test]
fn requests_that_others_cancelled_are_done_all_the_same() {
    const DEPTH: usize = 128;
    const BIG: usize = 128 << 10;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let content = pattern(DEPTH * BIG);
    for _ in 0..10 {
        // Direct writes that extend the file wait for each other, in threads of the kernel that there are few of.
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        let direct = Arc::new(DirectFile::from_opened(file, Demand::Prefer).unwrap());
        let (backend, demand) = (Backend::Uring, Demand::Require);
        let setup = Setup { block_size: Some(BIG), backend, demand, depth: Some(DEPTH), ..Setup::default() };
        let Ok((pool, mut engine)) = setup.start(&direct, Direction::Write, None, 0) else {
            println!("skipped: no io_uring here");
            return;
        };
        let alignment = direct.alignment();
        let mut engine = std::thread::scope(|scope| {
            let submits = scope.spawn(|| {
                for (number, piece) in content.chunks(BIG).enumerate() {
                    engine.submit(Request::write(block(&pool, piece), (number * BIG) as u64, alignment));
                }
                let Engine::Uring(ring) = &mut engine else { panic!("it was required") };
                ring.cancel_behind();
                engine
            });
            submits.join().unwrap()
        });
        while let Some(done) = engine.take() {
            done.result.unwrap();
            assert!(done.block.is_some());
        }
        assert!(std::fs::read(&path).unwrap() == content);
        let Engine::Uring(ring) = &engine else { panic!("it was required") };
        let given_up = ring.given_up();
        drop(engine);
        assert_eq!(pool.stats().in_use, 0);
        if given_up > 0 {
            println!("{given_up} requests were given up by the kernel and made again");
            return;
        }
    }
    println!("skipped: the kernel was too fast");
}
