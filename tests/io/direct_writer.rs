use std::fs;
use std::io::{ErrorKind, Write};

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectWriter, WriteFailed};
use bedplate::pool::BlockPool;

use crate::places::{pattern, places};

const BLOCK: usize = 4096;
const BACKENDS: [Backend; 3] = [Backend::Inline, Backend::Threads(1), Backend::Threads(3)];

#[test]
fn the_file_is_what_was_written_at_every_length_around_a_block() {
    for dir in places() {
        for len in [0, 1, 511, 512, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 7 * BLOCK + 3] {
            let content = pattern(len);
            for backend in BACKENDS {
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

fn names(dir: &std::path::Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, "old").unwrap();
    for backend in BACKENDS {
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
    for backend in BACKENDS {
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
    for backend in BACKENDS {
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
    for (builder, name) in
        [(builder().backend(Backend::Threads(0)), "f"), (builder().block_size(100), "f"), (builder(), "..")]
    {
        let error = builder.create(dir.path().join(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert!(names(dir.path()).is_empty(), "a refused writer leaves nothing");
    let null = DirectFile::options().write().open("/dev/null").unwrap();
    assert_eq!(builder().over(null).unwrap_err().kind(), ErrorKind::InvalidInput);
}
