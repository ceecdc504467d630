//! Files read and written with and without the page cache.

use crate::harness::{Bench, Better, Spec};
use crate::suite::scratch;
use bedplate::Demand;
use bedplate::io::{Backend, DirectReader, DirectWriter};
use rustix::fs::Advice;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

const BLOCK: usize = 1 << 20;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    for row in ["seqread qd8", "seqwrite qd8", "randread qd1", "randread qd32", "randread qd32 fixed", "cpu seqread"] {
        bench.leave_out(row, "its peer is fio, which is not run from here");
    }
    let folder = match scratch::folder() {
        Ok(folder) => folder,
        Err(why) => {
            bench.leave_out("seqread inline, seqwrite inline", why);
            return;
        }
    };
    let blocks = if bench.quick() { 64 } else { 256 };
    let (input, output) = (folder.path().join("input"), folder.path().join("output"));
    if bench.wants("seqread inline") {
        write_std(&input, blocks);
        let detail = format!(
            "read a cold file of {blocks} MiB front to back, 1 MiB a read, one read at a time; verified: a word of each \
             4 KiB"
        );
        bench.run(
            Spec::new("seqread inline", detail)
                .unit("MB/s", Better::Higher)
                .figure("bedplate", || rate(blocks, &input, || read_direct(&input)))
                .figure("std::fs::File", || rate(blocks, &input, || read_std(&input))),
        );
    }
    let detail = format!("write a file of {blocks} MiB front to back, 1 MiB a write, and sync it; verified: read back");
    bench.run(
        Spec::new("seqwrite inline", detail)
            .unit("MB/s", Better::Higher)
            .figure("bedplate", || {
                let rate = rate(blocks, &input, || write_direct(&output, blocks));
                assert_eq!(read_std(&output), sum(blocks), "what was written is read");
                rate
            })
            .figure("std::fs::File", || {
                let rate = rate(blocks, &input, || write_std(&output, blocks));
                assert_eq!(read_std(&output), sum(blocks), "what was written is read");
                rate
            }),
    );
}

/// Megabytes a second of a transfer whose file is not in the page cache before.
fn rate(blocks: usize, input: &Path, transfer: impl FnOnce() -> u64) -> f64 {
    if let Ok(file) = File::open(input) {
        file.sync_all().expect("a file");
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).expect("an advice");
    }
    let start = Instant::now();
    let words = transfer();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(words, sum(blocks), "each page is transferred");
    (blocks * BLOCK) as f64 / seconds / 1e6
}

/// The word of each page of a block: its number in the file.
fn fill(block: &mut [u8], index: usize) {
    let pages = (BLOCK / 4096) as u64;
    for (page, bytes) in block.chunks_exact_mut(4096).enumerate() {
        bytes[..8].copy_from_slice(&(index as u64 * pages + page as u64).to_le_bytes());
    }
}

fn words(block: &[u8]) -> u64 {
    let word = |page: &[u8]| page.first_chunk().copied().map_or(0, u64::from_le_bytes);
    block.chunks(4096).map(word).sum()
}

fn sum(blocks: usize) -> u64 {
    let pages = (blocks * BLOCK / 4096) as u64;
    pages * (pages - 1) / 2
}

fn read_direct(path: &Path) -> u64 {
    let reader = DirectReader::builder().block_size(BLOCK).backend(Backend::Inline).direct(Demand::Prefer);
    let mut reader = reader.open(path).expect("the file");
    let mut sum = 0;
    while let Some(block) = reader.next_block().expect("a block") {
        sum += words(&block);
    }
    sum
}

fn read_std(path: &Path) -> u64 {
    let mut file = File::open(path).expect("the file");
    let mut block = vec![0; BLOCK];
    let mut sum = 0;
    while let read @ 1.. = file.read(&mut block).expect("a block") {
        assert_eq!(read, BLOCK, "a file of whole blocks is read in whole blocks");
        sum += words(&block);
    }
    sum
}

fn write_direct(path: &Path, blocks: usize) -> u64 {
    let writer = DirectWriter::builder().block_size(BLOCK).backend(Backend::Inline).direct(Demand::Prefer);
    let mut writer = writer.create(path).expect("a file");
    let mut block = vec![0; BLOCK];
    for index in 0..blocks {
        fill(&mut block, index);
        writer.write_all(&block).expect("a write");
    }
    writer.finish().expect("a sync");
    sum(blocks)
}

fn write_std(path: &Path, blocks: usize) -> u64 {
    let mut file = File::create(path).expect("a file");
    let mut block = vec![0; BLOCK];
    for index in 0..blocks {
        fill(&mut block, index);
        file.write_all(&block).expect("a write");
    }
    file.sync_data().expect("a sync");
    sum(blocks)
}
