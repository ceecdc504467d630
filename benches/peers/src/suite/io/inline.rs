//! One block at a time on the calling thread, against the page cache.

use super::Setting;
use super::pages::{Pages, evict, numbers, read_std};
use crate::harness::{Bench, Better, Spec};
use bedplate::io::{Backend, DirectReader, DirectWriter};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Measures the rows of `Backend::Inline`.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    let blocks = setting.blocks.min(256);
    let (input, output) = (&setting.folder.join("inline-input"), &setting.folder.join("inline-output"));
    if bench.wants("seqread inline") {
        Pages::new(0).write(input, blocks).expect("a file");
        let detail = format!(
            "read a cold file of {blocks} MiB front to back, 1 MiB a read, one read at a time; verified: a word of each \
             4 KiB"
        );
        bench.run(
            Spec::new("seqread inline", detail)
                .unit("MB/s", Better::Higher)
                .figure("bedplate", || rate(blocks, input, || read_direct(input)))
                .figure("std::fs::File", || rate(blocks, input, || read_std(input, numbers).expect("a block"))),
        );
        std::fs::remove_file(input).expect("the file of the row");
    }
    let detail =
        format!("write a new file of {blocks} MiB front to back, 1 MiB a write, and sync it; verified: read back");
    bench.run(
        Spec::new("seqwrite inline", detail)
            .unit("MB/s", Better::Higher)
            .figure("bedplate", || written(blocks, output, write_direct))
            .figure("std::fs::File", || written(blocks, output, write_std)),
    );
}

/// Megabytes a second of a file that is not in the page cache before.
fn rate(blocks: usize, file: &Path, read: impl FnOnce() -> u64) -> f64 {
    evict(file).expect("a file that leaves the page cache");
    let start = Instant::now();
    let sum = read();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(sum, Pages::new(0).sum(blocks), "each page is read");
    (blocks * Pages::BLOCK) as f64 / seconds / 1e6
}

/// Megabytes a second of a new file.
fn written(blocks: usize, file: &Path, write: fn(&Path, &mut Pages, usize)) -> f64 {
    let mut pages = Pages::new(0);
    let start = Instant::now();
    write(file, &mut pages, blocks);
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(read_std(file, numbers).expect("the file"), pages.sum(blocks), "what was written is read");
    std::fs::remove_file(file).expect("the file of this measurement");
    (blocks * Pages::BLOCK) as f64 / seconds / 1e6
}

fn read_direct(path: &Path) -> u64 {
    let reader = DirectReader::builder().block_size(Pages::BLOCK).backend(Backend::Inline);
    let mut reader = reader.open(path).expect("the file");
    let mut sum = 0;
    while let Some(block) = reader.next_block().expect("a block") {
        sum += numbers(&block);
    }
    sum
}

fn write_direct(path: &Path, pages: &mut Pages, blocks: usize) {
    let writer = DirectWriter::builder().block_size(Pages::BLOCK).backend(Backend::Inline);
    let mut writer = writer.create(path).expect("a file");
    (0..blocks).for_each(|index| writer.write_all(pages.block(index)).expect("a write"));
    writer.finish().expect("a sync");
}

fn write_std(path: &Path, pages: &mut Pages, blocks: usize) {
    let mut file = File::create(path).expect("a file");
    (0..blocks).for_each(|index| file.write_all(pages.block(index)).expect("a write"));
    file.sync_data().expect("a sync");
}
