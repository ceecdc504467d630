//! Records whose data stays in blocks of a pool until it is written.

use std::thread;
use std::time::Duration;

use bedplate::Demand;
use bedplate::io::{AppendLog, LogError, Lsn};
use bedplate::pool::{Block, BlockPool};

use crate::backends::BACKENDS;
use crate::log_support::{all, small};
use crate::places::{pattern, places};

const BLOCK: usize = 32 << 10;

fn pool() -> BlockPool {
    BlockPool::builder().block_size(BLOCK).max_blocks(4).build().unwrap()
}

fn block(pool: &BlockPool, data: &[u8]) -> Block {
    // Where blocks do not come home, this is where it shows.
    let mut block = pool.acquire_timeout(Duration::from_secs(20)).expect("a block that was written comes home");
    block.as_full_mut().fill(0xee);
    block.set_len(data.len());
    block.copy_from_slice(data);
    block
}

#[test]
fn blocks_are_appended_as_they_are_and_come_home() {
    for dir in places() {
        for direct in [Demand::Prefer, Demand::Off] {
            for backend in BACKENDS {
                let path = dir.path().join(format!("{direct:?}-{backend:?}"));
                let pool = pool();
                let log = AppendLog::options().segment_size(256 << 10).direct(direct).backend(*backend);
                let log = log.open(&path).unwrap();
                let lengths = [0, 1, 15, 512, 4095, 4096, 4097, 12_288, BLOCK - 1, BLOCK];
                let mut expected = Vec::new();
                for i in 0..60 {
                    let data = pattern(lengths[i % lengths.len()]);
                    let lsn = if i % 3 == 0 {
                        log.append(&data).unwrap()
                    } else {
                        log.append_block(block(&pool, &data)).unwrap()
                    };
                    expected.push(data);
                    assert_eq!(lsn.get(), expected.len() as u64);
                    // Four at most are out; those that nobody commits wait for room.
                    if i % 2 == 1 {
                        assert!(log.commit(lsn).unwrap() >= lsn);
                    }
                }
                log.flush().unwrap();
                let stats = log.stats();
                assert_eq!((stats.appended, stats.blocks + stats.copied_blocks), (60, 40));
                assert!(stats.blocks >= 20, "{stats:?}");
                assert_eq!(stats.bytes, expected.iter().map(|d| d.len() as u64).sum::<u64>());
                let homes: Vec<_> = (0..4).map(|_| block(&pool, b"")).collect();
                drop(homes);
                log.close().unwrap();
                assert_eq!(pool.stats().in_use, 0);
                assert!(all(&path) == expected, "{direct:?} {backend:?}");
            }
        }
    }
}

#[test]
fn a_block_that_is_refused_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let pool = BlockPool::builder().block_size(128 << 10).max_blocks(1).build().unwrap();
    let log = small().open(dir.path()).unwrap();
    let data = pattern(100 << 10);
    let refused = log.append_block(block_of(&pool, &data)).unwrap_err();
    assert!(matches!(refused.error, LogError::TooLarge { .. }), "{refused}");
    assert!(*refused.block == data);
    assert!(refused.into_inner().len() == data.len());
    assert_eq!((log.next_lsn(), pool.stats().in_use), (Lsn::new(1), 0));
    // What a record copied into a frame would just fit, a block may not: its data begins at a sector.
    let most = log.record_limit();
    let fits = most / 4096 * 4096;
    log.append_block(block_of(&pool, &pattern(fits))).unwrap();
    log.flush().unwrap();
    assert!(all(dir.path()) == [pattern(fits)]);
}

fn block_of(pool: &BlockPool, data: &[u8]) -> Block {
    let mut block = pool.try_acquire().unwrap();
    block.set_len(data.len());
    block.copy_from_slice(data);
    block
}

/// A log that is given up gives up its blocks.
#[test]
fn blocks_that_are_never_written_come_home_too() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let pool = pool();
        let log = AppendLog::options().segment_size(256 << 10).backend(*backend).open(dir.path()).unwrap();
        log.append_durable(b"kept").unwrap();
        log.append_block(block(&pool, &pattern(20_000))).unwrap();
        log.append_block(block(&pool, &pattern(100))).unwrap();
        drop(log);
        assert_eq!(pool.stats().in_use, 0, "{backend:?}");
        assert_eq!(all(dir.path())[0], b"kept");
    }
}

#[test]
fn threads_append_blocks_beside_others() {
    const EACH: usize = 60;
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let pool = pool();
        let log = AppendLog::options().segment_size(256 << 10).buffer_size(64 << 10).backend(*backend);
        let log = log.open(dir.path()).unwrap();
        let data = |t: usize, i: usize| [vec![t as u8, i as u8], pattern((t * 1009 + i * 331) % 9000)].concat();
        thread::scope(|s| {
            for t in 0..4 {
                let (log, pool) = (&log, &pool);
                s.spawn(move || {
                    for i in 0..EACH {
                        let data = data(t, i);
                        let lsn = match t {
                            0 | 1 => log.append_block(block(pool, &data)).unwrap(),
                            _ => log.append(&data).unwrap(),
                        };
                        if t % 2 == 0 || i % 2 == 1 {
                            log.commit(lsn).unwrap();
                        }
                    }
                });
            }
        });
        log.close().unwrap();
        let mut next = [0; 4];
        for found in all(dir.path()) {
            let t = usize::from(found[0]);
            assert!(found == data(t, next[t]), "{t} {}", next[t]);
            next[t] += 1;
        }
        assert_eq!(next, [EACH; 4]);
        assert_eq!(pool.stats().in_use, 0);
    }
}
