use std::fs;
use std::io::{BufRead, ErrorKind, Read};
use std::time::Duration;

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectReader};
use bedplate::pool::{BlockPool, Zero};
use bedplate::time::{Clock, Manual};

use crate::backends::BACKENDS;
use crate::places::{pattern, places};

const BLOCK: usize = 4096;

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
            for &backend in BACKENDS {
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
    for &backend in BACKENDS {
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
    for &backend in BACKENDS {
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
    for &backend in BACKENDS {
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
    for (taken, &backend) in (0..10).flat_map(|taken| BACKENDS.iter().map(move |backend| (taken, backend))) {
        let builder = DirectReader::builder().pool(pool.clone()).backend(backend).depth(5);
        let mut reader = builder.open(&path).unwrap();
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
        builder().depth(0),
        #[cfg(feature = "io-uring")]
        builder().backend(Backend::Uring).depth(1 << 20),
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
    for &backend in BACKENDS {
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

#[test]
fn a_range_is_those_bytes_of_the_file_that_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let len = 3 * BLOCK as u64 + 700;
    let content = pattern(len as usize);
    fs::write(&path, &content).unwrap();
    let ends = [0, 1, 511, 512, 513, 4095, 4096, 5000, 8192, len - 1, len, len + 1, len + 9000, u64::MAX];
    for &backend in BACKENDS {
        for start in ends {
            for end in ends {
                let builder = DirectReader::builder().block_size(BLOCK).backend(backend).range(start..end);
                let mut reader = builder.open(&path).unwrap();
                let expected = if start < end.min(len) { &content[start as usize..end.min(len) as usize] } else { &[] };
                assert_eq!((reader.len(), reader.remaining()), (expected.len() as u64, expected.len() as u64));
                assert_eq!(reader.position(), start);
                let mut got = Vec::new();
                let mut lengths = Vec::new();
                while let Some(block) = reader.next_block().unwrap() {
                    got.extend_from_slice(&block);
                    lengths.push(block.len());
                    assert_eq!(reader.remaining(), (expected.len() - got.len()) as u64);
                }
                assert!(got == expected, "{backend:?} {start}..{end}");
                let between = lengths.get(1..lengths.len().saturating_sub(1)).unwrap_or_default();
                assert!(between.iter().all(|len| *len == BLOCK), "only the first and the last are short: {lengths:?}");
                assert_eq!(reader.position(), start + got.len() as u64);
            }
        }
    }
}

#[test]
fn a_file_that_was_cut_is_not_taken_for_one_that_ends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let content = pattern(20 * BLOCK);
    for &backend in BACKENDS {
        for direct in [Demand::Prefer, Demand::Off] {
            for cut in [0, BLOCK, 10 * BLOCK, 10 * BLOCK + 100, 19 * BLOCK + 511] {
                fs::write(&path, &content).unwrap();
                let builder = DirectReader::builder().block_size(BLOCK).backend(backend).direct(direct);
                let mut reader = builder.open(&path).unwrap();
                let first = reader.next_block().unwrap().unwrap();
                let mut got = first.to_vec();
                fs::File::options().write(true).open(&path).unwrap().set_len(cut as u64).unwrap();
                let error = loop {
                    match reader.next_block() {
                        Ok(Some(block)) => got.extend_from_slice(&block),
                        Ok(None) => panic!("{backend:?} {cut}: the end of a file that has {} bytes", content.len()),
                        Err(e) => break e,
                    }
                };
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
                assert!(error.to_string().contains(&format!(" {cut} bytes")), "{error}");
                // What was read ahead of the cut may still come.
                assert!(got.len() >= cut && got == content[..got.len()]);
                assert_eq!(reader.position(), got.len() as u64);
                assert_eq!(reader.next_block().unwrap_err().kind(), ErrorKind::UnexpectedEof, "it stays so");

                if got.len() <= cut {
                    // The bytes come back: it goes on where it was.
                    fs::write(&path, &content).unwrap();
                    while let Some(block) = reader.next_block().unwrap() {
                        got.extend_from_slice(&block);
                    }
                    assert!(got == content);
                }
                fs::File::options().write(true).open(&path).unwrap().set_len(cut as u64).unwrap();
                assert_eq!(reader.refresh().unwrap(), 0);
                assert!(reader.next_block().unwrap().is_none(), "that it is shorter was taken note of");
            }
        }
    }
}

#[test]
fn a_file_that_grows_ends_where_it_ended_until_it_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let content = pattern(7 * BLOCK);
    for &backend in BACKENDS {
        fs::write(&path, &content[..100]).unwrap();
        let mut reader = DirectReader::builder().block_size(BLOCK).backend(backend).open(&path).unwrap();
        let mut got = Vec::new();
        for len in [100, 101, BLOCK - 1, BLOCK, 3 * BLOCK + 5, 7 * BLOCK] {
            fs::write(&path, &content[..len]).unwrap();
            let before = got.len();
            assert_eq!(reader.refresh().unwrap(), (len - before) as u64);
            fs::write(&path, &content).unwrap();
            if len % 2 == 0 {
                reader.read_to_end(&mut got).unwrap();
            } else {
                while let Some(block) = reader.next_block().unwrap() {
                    got.extend_from_slice(&block);
                }
            }
            assert!(got == content[..len], "{backend:?} {len}");
            assert!(reader.next_block().unwrap().is_none());
        }
    }
}

#[test]
fn files_that_say_too_little_or_too_much_are_read_to_their_end() {
    // Files of the kernel: /proc says 0, /sys a page.
    for path in ["/proc/self/limits", "/proc/cpuinfo", "/sys/kernel/mm/transparent_hugepage/enabled"] {
        let Ok(expected) = fs::read(path) else {
            println!("skipped: no {path}");
            continue;
        };
        for &backend in BACKENDS {
            let mut reader = DirectReader::builder().block_size(BLOCK).backend(backend).open(path).unwrap();
            let mut got = Vec::new();
            reader.read_to_end(&mut got).unwrap();
            // What /proc/cpuinfo says of clocks changes.
            let same =
                got.len().abs_diff(expected.len()) < 200 && got[..100.min(got.len())] == expected[..100.min(got.len())];
            assert!(same, "{path} {backend:?}: {} of {}", got.len(), expected.len());
            assert_eq!((reader.len(), reader.remaining()), (got.len() as u64, 0));
            assert!(reader.next_block().unwrap().is_none());
        }
    }
}

#[test]
fn what_has_no_offsets_is_refused() {
    for path in ["/dev/zero", "/dev/null", "/"] {
        let error = DirectReader::open(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{path}: {error}");
    }
    let (pipe, _other_end) = std::io::pipe().unwrap();
    let pipe = DirectFile::try_from(fs::File::from(std::os::fd::OwnedFd::from(pipe))).unwrap();
    assert_eq!(DirectReader::builder().from_file(pipe).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn the_backend_is_the_one_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(100)).unwrap();
    for &backend in BACKENDS {
        let builder = DirectReader::builder().backend(backend);
        match builder.clone().demand(Demand::Require).open(&path) {
            Ok(reader) => assert_eq!(reader.backend(), backend),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{backend:?}: {error}");
                assert_eq!(builder.clone().open(&path).unwrap().backend(), Backend::Inline);
            }
        }
        assert_eq!(builder.demand(Demand::Off).open(&path).unwrap().backend(), Backend::Inline);
    }
}
