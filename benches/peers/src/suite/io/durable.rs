//! A small write that is on the disk when the call returns.

use super::Setting;
use super::anywhere::Anywhere;
use super::fio::Fio;
use super::pages::{Pages, evict, number};
use crate::harness::{Bench, Better, Spec, cpus, on_cpu};
use bedplate::io::{DirectFile, WriteOptions};
use bedplate::mem::AlignedBuf;
use std::path::Path;
use std::time::{Duration, Instant};

/// Measures the row.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    if !setting.with_fio(bench, &["dsync 4k"]) {
        return;
    }
    let (blocks, file) = (setting.blocks, &setting.folder.join("dsync"));
    Pages::new(0).write(file, blocks).expect("a file");
    evict(file).expect("a file that leaves the page cache");
    let detail = format!(
        "write 4 KiB over a random page of a file of {blocks} MiB that is written, past the page cache, durable when \
         the call returns, one at a time, on one CPU, for {:?}: DirectFile::write_all_at_with, RWF_DSYNC, and {} psync \
         on a file opened with O_DSYNC; verified: a page read back, of ours",
        setting.time,
        setting.peer()
    );
    let job = Fio::job("psync", file, "randwrite", Pages::SIZE, 1).on(cpus()[1 % cpus().len()]);
    let job = job.arg("--sync=dsync").arg("--overwrite=1").arg("--scramble_buffers=0");
    let Some((_, job)) = setting.able(bench, "dsync 4k", [("fio psync", job)]).pop() else { return };
    let job = job.anywhere_for(setting.time);
    bench.run(
        Spec::new("dsync 4k", detail)
            .unit("IOPS", Better::Higher)
            .figure("bedplate", || on_cpu(1, || write(file, blocks, setting.time)))
            .figure("fio psync", || setting.run(&job).iops()),
    );
    std::fs::remove_file(file).expect("the file of the row");
}

fn write(path: &Path, blocks: usize, time: Duration) -> f64 {
    let file = DirectFile::options().read().write().open(path).expect("the file");
    assert!(file.effective().direct, "the row is of what its detail says");
    let mut page = AlignedBuf::from_slice(&Pages::new(0).block(0)[..Pages::SIZE], Pages::SIZE);
    let mut anywhere = Anywhere::new(blocks as u64 * Pages::IN_BLOCK);
    let (mut writes, mut last) = (0_u64, 0);
    let start = Instant::now();
    while start.elapsed() < time {
        writes += 1;
        last = anywhere.page();
        page[..8].copy_from_slice(&writes.to_le_bytes());
        let offset = last * Pages::SIZE as u64;
        file.write_all_at_with(&page, offset, WriteOptions::new().durable()).expect("a write");
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut read = AlignedBuf::zeroed(Pages::SIZE, Pages::SIZE);
    file.read_exact_at(&mut read, last * Pages::SIZE as u64).expect("a page");
    assert_eq!((number(&read), &read[..]), (writes, &page[..]), "what was written is on the disk");
    writes as f64 / seconds
}
