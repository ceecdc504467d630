use std::fs;
use std::io::{BufRead, ErrorKind, Read};
use std::time::Duration;

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectReader};
use bedplate::pool::{BlockPool, Zero};
use bedplate::time::{Clock, Manual};

use crate::places::{pattern, places};

const BLOCK: usize = 4096;
const BACKENDS: [Backend; 3] = [Backend::Inline, Backend::Threads(1), Backend::Threads(3)];

fn pool(blocks: usize) -> BlockPool {
    BlockPool::builder().block_size(BLOCK).max_blocks(blocks).zero(Zero::Never).build().unwrap()
}

#[test]
fn blocks_are_the_file_at_every_length_around_a_block() {
    for dir in places() {
        let lengths = [0, 1, 511, 512, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 7 * BLOCK + 3];
        for len in lengths {
            let path = dir.path().join(format!("f{len}"));
            let content = pattern(len);
            fs::write(&path, &content).unwrap();
            for backend in BACKENDS {
                for direct in [Demand::Prefer, Demand::Off] {
                    let builder = DirectReader::builder().block_size(BLOCK).backend(backend).direct(direct);
                    let mut reader = builder.open(&path).unwrap();
                    let mut got = Vec::new();
                    while let Some(block) = reader.next_block().unwrap() {
                        assert_eq!(block.len(), BLOCK.min(len - got.len()), "only the last block is short");
                        got.extend_from_slice(&block);
                        assert_eq!(reader.position(), got.len() as u64);
                    }
                    assert!(got == content, "{len} {backend:?} {direct:?}");
                    assert!(reader.next_block().unwrap().is_none(), "the end stays the end");
                    let stats = reader.stats();
                    assert_eq!((stats.blocks, stats.bytes), (len.div_ceil(BLOCK) as u64, len as u64));
                    assert_eq!(reader.pool().stats().in_use, 0, "blocks read ahead of the end are free");
                }
            }
        }
    }
}

#[test]
fn streams_and_blocks_mix_without_loss() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let content = pattern(10 * BLOCK + 100);
    fs::write(&path, &content).unwrap();
    for backend in BACKENDS {
        let mut reader = DirectReader::builder().pool(pool(8)).backend(backend).open(&path).unwrap();
        let mut got = Vec::new();
        for round in 0.. {
            let mut piece = vec![0; 1000 * (round % 7)];
            let n = reader.read(&mut piece).unwrap();
            got.extend_from_slice(&piece[..n]);
            assert_eq!(reader.position(), got.len() as u64);
            if round % 3 == 0 {
                match reader.next_block().unwrap() {
                    Some(block) => got.extend_from_slice(&block),
                    None => break,
                }
            }
        }
        assert!(got == content);
        assert!(reader.stats().moved > 0);
    }
}

#[test]
fn lines_come_whole_across_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let lines: Vec<_> = (0..2000).map(|i| format!("line number {i}")).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    let reader = DirectReader::builder().block_size(BLOCK).backend(Backend::Threads(2)).open(&path).unwrap();
    let got: Vec<_> = reader.lines().map(Result::unwrap).collect();
    assert_eq!(got, lines);
}

#[test]
fn a_reader_without_a_free_block_waits_or_tells() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(4 * BLOCK)).unwrap();
    for backend in BACKENDS {
        let time = Manual::new();
        let clock = Clock::from(time.clone());
        let pool = BlockPool::builder().block_size(BLOCK).max_blocks(2).clock(clock).build().unwrap();
        let mut reader = DirectReader::builder().pool(pool).backend(backend).open(&path).unwrap();
        let first = reader.try_next_block().unwrap().unwrap();
        let second = reader.try_next_block().unwrap().unwrap();
        assert_eq!(reader.try_next_block().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(reader.position(), 2 * BLOCK as u64);

        let reader = std::thread::scope(|s| {
            let waiting = s.spawn(|| {
                let error = reader.next_block_timeout(Duration::from_secs(1)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                reader
            });
            while time.sleepers() == 0 {
                std::thread::yield_now();
            }
            time.advance(Duration::from_secs(1));
            waiting.join().unwrap()
        });

        // A block that comes back on another thread lets the reader go on where it was.
        let mut reader = reader;
        std::thread::scope(|s| {
            s.spawn(move || drop(first));
            let third = reader.next_block().unwrap().unwrap();
            assert!(third[..] == pattern(4 * BLOCK)[2 * BLOCK..3 * BLOCK]);
        });
        drop(second);
        assert!(reader.next_block().unwrap().is_some());
        assert!(reader.next_block().unwrap().is_none());
    }
}

#[test]
fn an_error_comes_in_its_turn_and_leaves_the_position() {
    let dir = tempfile::tempdir().unwrap();
    for backend in BACKENDS {
        // A file opened for writing only cannot be read: an error at the first block.
        let file = DirectFile::options().write().create().open(dir.path().join("w")).unwrap();
        let mut reader = DirectReader::builder().pool(pool(8)).backend(backend).from_file(file).unwrap();
        for _ in 0..3 {
            let error = reader.next_block().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(9), "{backend:?}: {error}");
            assert_eq!(reader.position(), 0);
            assert_eq!(reader.pool().stats().in_use, 0);
        }
    }
}

#[test]
fn a_reader_dropped_midway_ends_its_threads_and_frees_its_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(50 * BLOCK)).unwrap();
    let pool = pool(16);
    for taken in 0..10 {
        let mut reader = DirectReader::builder().pool(pool.clone()).backend(Backend::Threads(3)).open(&path).unwrap();
        let kept: Vec<_> = (0..taken).map(|_| reader.next_block().unwrap().unwrap()).collect();
        drop(reader);
        assert_eq!(pool.stats().in_use, taken);
        let kept: Vec<u8> = kept.iter().flat_map(|block| block.iter().copied()).collect();
        assert!(kept == pattern(50 * BLOCK)[..taken * BLOCK]);
    }
}

#[test]
fn bad_configurations_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, "x").unwrap();
    let builder = DirectReader::builder;
    let refused = [
        builder().backend(Backend::Threads(0)),
        builder().block_size(0),
        builder().block_size(5000),
        builder().block_size(4 << 20),
        builder().block_size(8192).pool(pool(2)),
    ];
    for builder in refused {
        let error = builder.open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}

#[test]
fn a_block_arrived_after_the_reader_was_made_and_before_it_was_given_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(4 * BLOCK)).unwrap();
    for backend in BACKENDS {
        let made = Clock::Monotonic.now();
        let mut reader = DirectReader::builder().pool(pool(8)).backend(backend).open(&path).unwrap();
        let mut arrivals = Vec::new();
        while reader.next_block().unwrap().is_some() {
            assert!(made < reader.arrived() && reader.arrived() <= Clock::Monotonic.now(), "{backend:?}");
            arrivals.push(reader.arrived());
        }
        assert_eq!(arrivals.len(), 4);
        // Several threads may end in any order.
        if !matches!(backend, Backend::Threads(n) if n > 1) {
            assert!(arrivals.is_sorted() && arrivals[0] < arrivals[3], "{backend:?}: {arrivals:?}");
        }
    }
}
