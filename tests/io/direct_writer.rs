use std::fs;
use std::io::{ErrorKind, Write};

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectWriter, WriteFailed};
use bedplate::pool::BlockPool;

use crate::backends::BACKENDS;
use crate::places::{pattern, places};

const BLOCK: usize = 4096;

#[test]
fn the_file_is_what_was_written_at_every_length_around_a_block() {
    for dir in places() {
        for len in [0, 1, 511, 512, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 7 * BLOCK + 3] {
            let content = pattern(len);
            for &backend in BACKENDS {
                for direct in [Demand::Prefer, Demand::Off] {
                    let path = dir.path().join("f");
                    let builder = DirectWriter::builder().block_size(BLOCK).backend(backend).direct(direct);
                    let mut writer = builder.create(&path).unwrap();
                    for (i, piece) in content.chunks(777).enumerate() {
                        writer.write_all(piece).unwrap();
                        if i % 3 == 2 {
                            writer.flush().unwrap();
                        }
                    }
                    assert_eq!(writer.position(), len as u64);
                    assert_eq!(writer.stats().bytes, len as u64);
                    let file = writer.finish().unwrap();
                    assert_eq!(file.len().unwrap(), len as u64);
                    assert!(fs::read(&path).unwrap() == content, "{len} {backend:?} {direct:?}");
                }
            }
        }
    }
}

#[test]
fn a_flush_brings_whole_units_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = DirectFile::options().read().write().create().open(&path).unwrap();
    let unit = file.alignment().offset;
    let mut writer = DirectWriter::builder().block_size(16 << 10).over(file).unwrap();
    let content = pattern(3 * unit + unit / 2);
    writer.write_all(&content).unwrap();
    writer.flush().unwrap();
    let there = content.len() / unit * unit;
    assert!(fs::read(&path).unwrap() == content[..there]);
    writer.write_all(b"end").unwrap();
    writer.finish().unwrap();
    assert!(fs::read(&path).unwrap() == [&content[..], b"end"].concat());
}

#[test]
fn a_flush_leaves_the_file_as_long_as_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let content = pattern(64 * BLOCK);
    for &backend in BACKENDS {
        let path = dir.path().join("f");
        let file = DirectFile::options().read().write().create().truncate().open(&path).unwrap();
        let mut writer = DirectWriter::builder().block_size(BLOCK).backend(backend).depth(8).over(file).unwrap();
        // The file is extended ahead of blocks that are written behind.
        for round in [1, 2] {
            writer.write_all(&content).unwrap();
            writer.flush().unwrap();
            assert_eq!(writer.written(), (round * content.len()) as u64);
            let there = fs::read(&path).unwrap();
            assert_eq!(there.len() as u64, writer.written(), "{backend:?}");
            assert!(there.chunks(content.len()).all(|part| part == content));
        }
        writer.finish().unwrap();
    }
}

fn names(dir: &std::path::Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, "old").unwrap();
    for &backend in BACKENDS {
        let mut writer = DirectWriter::builder().block_size(BLOCK).backend(backend).create(&path).unwrap();
        writer.write_all(&pattern(20_000)).unwrap();
        writer.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(writer);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["f"], "a dropped writer leaves nothing");
    }
    let mut writer = DirectWriter::builder().create(&path).unwrap();
    writer.write_all(b"new").unwrap();
    writer.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["f"]);
}

#[test]
fn writing_over_a_longer_file_cuts_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(50_000)).unwrap();
    let file = DirectFile::options().write().open(&path).unwrap();
    let mut writer = DirectWriter::builder().block_size(BLOCK).over(file).unwrap();
    writer.write_all(b"short").unwrap();
    writer.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"short");
}

#[test]
fn an_error_of_writing_is_final() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, "kept").unwrap();
    for &backend in BACKENDS {
        // Opened for reading only: every write is EBADF.
        let file = DirectFile::options().read().open(&path).unwrap();
        let mut writer = DirectWriter::builder().block_size(BLOCK).backend(backend).over(file).unwrap();
        // Threads tell of the failure when their block is taken back.
        let first = (0..100).find_map(|_| writer.write_all(&[1; BLOCK]).err()).expect("the error comes up");
        assert_eq!(first.raw_os_error(), Some(9), "{backend:?}: {first}");
        let again = writer.write(&[1]).unwrap_err();
        assert!(again.get_ref().is_some_and(|e| e.is::<WriteFailed>()), "{again:?}");
        assert!(writer.flush().is_err());
        assert!(writer.finish().is_err());
    }
    assert_eq!(fs::read(&path).unwrap(), b"kept");
}

#[test]
fn a_small_pool_of_the_callers_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let pool = BlockPool::builder().block_size(BLOCK).max_blocks(1).build().unwrap();
    for &backend in BACKENDS {
        let mut writer = DirectWriter::builder().pool(pool.clone()).backend(backend).create(&path).unwrap();
        writer.write_all(&pattern(30_000)).unwrap();
        writer.finish().unwrap();
        assert!(fs::read(&path).unwrap() == pattern(30_000));
        assert_eq!(pool.stats().in_use, 0);
    }
}

#[test]
fn bad_configurations_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let builder = DirectWriter::builder;
    for (builder, name) in [
        (builder().backend(Backend::Threads(0)), "f"),
        (builder().depth(0), "f"),
        (builder().block_size(100), "f"),
        (builder(), ".."),
    ] {
        let error = builder.create(dir.path().join(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert!(names(dir.path()).is_empty(), "a refused writer leaves nothing");
    let null = DirectFile::options().write().open("/dev/null").unwrap();
    assert_eq!(builder().over(null).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn blocks_are_written_as_they_are_where_they_fit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let content = pattern(20 * BLOCK);
    // The pool of another, with blocks of another size.
    let pool = BlockPool::builder().block_size(2 * BLOCK).max_blocks(20).build().unwrap();
    for &backend in BACKENDS {
        for before in [0, 100] {
            let mut writer = DirectWriter::builder().block_size(BLOCK).backend(backend).create(&path).unwrap();
            writer.write_all(&content[..before]).unwrap();
            for piece in content[before..].chunks(BLOCK) {
                let mut block = pool.acquire().unwrap();
                block.as_full_mut()[..piece.len()].copy_from_slice(piece);
                block.set_len(piece.len());
                writer.write_block(block).unwrap();
            }
            writer.write_block(pool.acquire().unwrap()).unwrap();
            writer.flush().unwrap();
            assert_eq!(pool.stats().in_use, 0);
            assert_eq!(writer.stats().blocks, 20, "{before}: an empty block is none");
            writer.finish().unwrap();
            assert!(fs::read(&path).unwrap() == content, "{backend:?} {before}");
        }
    }
}

#[test]
fn what_is_replaced_is_the_name() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    let dir = tempfile::tempdir().unwrap();
    let (path, target, hard) = (dir.path().join("f"), dir.path().join("target"), dir.path().join("hard"));
    fs::write(&target, "old").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o400)).unwrap();
    symlink(&target, &path).unwrap();
    let write = |path: &std::path::Path| {
        let mut writer = DirectWriter::create(path).unwrap();
        writer.write_all(b"new").unwrap();
        writer.finish().unwrap()
    };
    write(&path);
    assert!(!path.is_symlink());
    assert_eq!((fs::read(&path).unwrap(), fs::read(&target).unwrap()), (b"new".to_vec(), b"old".to_vec()));
    // A hard link to what was there keeps it.
    fs::hard_link(&target, &hard).unwrap();
    write(&target);
    assert_eq!((fs::read(&target).unwrap(), fs::read(&hard).unwrap()), (b"new".to_vec(), b"old".to_vec()));
    assert_eq!(fs::metadata(&target).unwrap().nlink(), 1);
    // As of a file that std creates.
    fs::File::create(dir.path().join("std")).unwrap();
    let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().mode();
    assert_eq!((mode("f"), mode("target")), (mode("std"), mode("std")));
    assert_eq!(names(dir.path()).len(), 4);
}

#[test]
fn a_directory_may_move_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let (before, after) = (dir.path().join("before"), dir.path().join("after"));
    fs::create_dir(&before).unwrap();
    let mut writer = DirectWriter::create(before.join("f")).unwrap();
    writer.write_all(b"moved").unwrap();
    fs::rename(&before, &after).unwrap();
    writer.finish().unwrap();
    assert_eq!(fs::read(after.join("f")).unwrap(), b"moved");
    assert!(!before.exists());
}

#[test]
fn a_path_without_a_place_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("f"), "").unwrap();
    let refused = [
        ("missing/f", ErrorKind::NotFound),
        ("f/f", ErrorKind::NotADirectory),
        ("d", ErrorKind::IsADirectory),
        ("d/", ErrorKind::InvalidInput),
        ("new/", ErrorKind::InvalidInput),
        ("d/.", ErrorKind::InvalidInput),
        ("d/..", ErrorKind::InvalidInput),
    ];
    for (name, kind) in refused {
        let error = DirectWriter::create(dir.path().join(name)).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
    }
    assert_eq!(DirectWriter::create("").unwrap_err().kind(), ErrorKind::InvalidInput);
    let mut there = names(dir.path());
    there.sort();
    assert_eq!(there, ["d", "f"]);
}

#[test]
fn a_relative_path_is_of_the_working_directory() {
    let name = format!("bedplate-relative-{}.tmp", std::process::id());
    let mut writer = DirectWriter::create(&name).unwrap();
    writer.write_all(b"here").unwrap();
    writer.finish().unwrap();
    let there = std::env::current_dir().unwrap().join(&name);
    assert_eq!(fs::read(&there).unwrap(), b"here");
    fs::remove_file(there).unwrap();
}

#[test]
fn a_writer_over_a_file_that_is_dropped_keeps_none_of_its_reserve() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let content = pattern(100 * BLOCK);
    for &backend in BACKENDS {
        for (expected, written) in [(None, 64), (Some(1 << 20), 64), (Some(1 << 20), 2)] {
            fs::write(&path, pattern(5 * BLOCK + 100)).unwrap();
            let file = DirectFile::options().write().open(&path).unwrap();
            let mut builder = DirectWriter::builder().block_size(BLOCK).backend(backend).depth(8);
            if let Some(len) = expected {
                builder = builder.expected_len(len);
            }
            let mut writer = builder.over(file).unwrap();
            writer.write_all(&content[..written * BLOCK]).unwrap();
            drop(writer);
            let there = fs::read(&path).unwrap();
            assert_eq!(there.len(), (5 * BLOCK + 100).max(written * BLOCK), "{backend:?} {expected:?}");
        }
    }
}

#[test]
fn the_backend_is_the_one_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    for &backend in BACKENDS {
        let builder = DirectWriter::builder().backend(backend);
        match builder.clone().demand(Demand::Require).create(&path) {
            Ok(writer) => assert_eq!(writer.backend(), backend),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{backend:?}: {error}"),
        }
        assert_eq!(builder.demand(Demand::Off).create(&path).unwrap().backend(), Backend::Inline);
    }
}

#[test]
fn a_writer_goes_from_thread_to_thread() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let content = pattern(100 * BLOCK);
    for &backend in BACKENDS {
        let mut writer = DirectWriter::builder().block_size(BLOCK).backend(backend).depth(8).create(&path).unwrap();
        // Each thread ends with blocks of its under way.
        for piece in content.chunks(10 * BLOCK) {
            writer = std::thread::scope(|s| {
                s.spawn(move || {
                    writer.write_all(piece).unwrap();
                    writer
                })
                .join()
                .unwrap()
            });
        }
        writer.finish().unwrap();
        assert!(fs::read(&path).unwrap() == content, "{backend:?}");
    }
}

#[test]
fn a_block_of_another_pool_goes_back_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let pool = |size| BlockPool::builder().block_size(size).max_blocks(1).build().unwrap();
    for &backend in BACKENDS {
        let (own, other) = (pool(2 * BLOCK), pool(BLOCK));
        let mut writer = DirectWriter::builder().pool(own.clone()).backend(backend).create(&path).unwrap();
        let held = own.acquire().unwrap();
        let mut block = other.acquire().unwrap();
        block.as_full_mut().fill(1);
        block.set_len(BLOCK);
        writer.write_block(block).unwrap();
        // It is no substitute for the block of its own that the writer has to wait for now.
        std::thread::scope(|s| {
            let writing = s.spawn(|| writer.write(&[2]).unwrap());
            while other.stats().in_use > 0 {
                assert!(!writing.is_finished(), "{backend:?}: the writer took the other pool's block");
                std::thread::yield_now();
            }
            drop(held);
            assert_eq!(writing.join().unwrap(), 1);
        });
        writer.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), [vec![1; BLOCK], vec![2]].concat());
    }
}
