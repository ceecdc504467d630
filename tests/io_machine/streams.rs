//! Readers and writers of files of any length, in blocks that other data was in, on file systems and devices made for the
//! purpose.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectReader, DirectWriter};
use bedplate::pool::{BlockPool, Zero};
use proptest::prelude::*;

use crate::alone::{allowed, with_mounts};
use crate::backends::backends;
use crate::mount::Mount;
use crate::noise::noise;

const BLOCK: usize = 8192;
/// What the blocks hold that a writer is given.
const MARK: u8 = 0xA5;

fn marked_pool() -> BlockPool {
    let pool = BlockPool::builder().block_size(BLOCK).max_blocks(6).zero(Zero::Never).build().unwrap();
    let mut blocks: Vec<_> = (0..6).map(|_| pool.acquire().unwrap()).collect();
    blocks.iter_mut().for_each(|block| block.as_full_mut().fill(MARK));
    drop(blocks);
    pool
}

/// How a file is written: pieces of these lengths, some of them followed by a flush.
type Pieces = Vec<(usize, bool)>;

fn write(file: DirectWriter, content: &[u8], pieces: &Pieces) -> DirectFile {
    let mut writer = file;
    let mut rest = content;
    for (len, flushed) in pieces {
        let (piece, later) = rest.split_at(*len);
        writer.write_all(piece).unwrap();
        if *flushed {
            writer.flush().unwrap();
        }
        rest = later;
    }
    writer.finish().unwrap()
}

fn builder(backend: Backend) -> bedplate::io::DirectWriterBuilder {
    DirectWriter::builder().pool(marked_pool()).backend(backend)
}

fn check(folder: &Path, backend: Backend, pieces: &Pieces, range: (u64, u64), old: usize) {
    let len = pieces.iter().map(|(len, _)| len).sum();
    let content = noise(len, len as u64);
    let path = folder.join("new");
    let file = write(builder(backend).create(&path).unwrap(), &content, pieces);
    assert!(fs::read(&path).unwrap() == content);
    // Behind the end is nothing of what was in the block.
    file.set_len(len as u64 + 20_000).unwrap();
    assert!(fs::read(&path).unwrap()[len..].iter().all(|byte| *byte == 0));
    file.set_len(len as u64).unwrap();
    drop(file);

    // Over a file that may be shorter or longer.
    let path = folder.join("over");
    fs::write(&path, noise(old, 1)).unwrap();
    let file = DirectFile::options().read().write().open(&path).unwrap();
    let file = write(builder(backend).over(file).unwrap(), &content, pieces);
    assert!(fs::read(&path).unwrap() == content);
    file.set_len(len as u64 + 20_000).unwrap();
    assert!(fs::read(&path).unwrap()[len..].iter().all(|byte| *byte == 0));
    file.set_len(len as u64).unwrap();

    // Some of it, by `Read` and block by block in turn.
    let (start, end) = (range.0.min(len as u64), range.1.min(len as u64));
    let reader = DirectReader::builder().pool(marked_pool()).backend(backend).range(range.0..range.1);
    let mut reader = reader.open(&path).unwrap();
    let mut read = Vec::new();
    let mut some = [0; 1000];
    loop {
        let n = reader.read(&mut some).unwrap();
        read.extend_from_slice(&some[..n]);
        let Some(block) = reader.next_block().unwrap() else { break };
        read.extend_from_slice(&block);
    }
    assert!(read == content[start as usize..end.max(start) as usize], "{range:?} of {len}: {}", read.len());
}

fn on(folder: &Path, cases: u32) {
    for backend in backends() {
        let piece = (prop_oneof![1..10_000usize, Just(BLOCK), Just(4096), Just(512)], proptest::bool::weighted(0.3));
        let case = (proptest::collection::vec(piece, 0..8), (0..30_000u64, 0..60_000u64), 0..50_000usize);
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        proptest::test_runner::TestRunner::new(config)
            .run(&case, |(pieces, (start, len), old)| {
                check(folder, backend, &pieces, (start, start + len), old);
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn on_the_disk() {
    on(tempfile::tempdir().unwrap().path(), 15);
}

#[test]
fn on_file_systems_with_sectors_of_4_kib() {
    with_mounts(|| {
        for mount in [Mount::ext4(16 << 20, 4096), Mount::xfs(4096)].into_iter().flatten() {
            on(mount.path(), 15);
        }
    });
}

#[test]
fn in_memory_and_on_an_overlay() {
    with_mounts(|| {
        let Some(memory) = allowed("mount", Mount::tmpfs(16 << 20)) else { return };
        on(memory.path(), 15);
        if let Some(overlay) = allowed("mount an overlay", Mount::overlay(memory)) {
            on(overlay.path(), 15);
        }
    });
}

/// A file of which nobody knows how long it is, and one that is not what it says.
#[test]
fn files_that_do_not_tell_their_length() {
    for backend in backends() {
        for path in ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"] {
            let Ok(expected) = fs::read(path) else { continue };
            let mut read = Vec::new();
            let reader = DirectReader::builder().block_size(4096).backend(backend).direct(Demand::Prefer);
            reader.open(path).unwrap().read_to_end(&mut read).unwrap();
            // Numbers in it change from one look to the next.
            assert_eq!(read[..5], expected[..5], "{path} {backend:?}");
            assert!(!read.is_empty() && read.len() < 4096);
        }
    }
}
