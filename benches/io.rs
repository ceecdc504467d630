//! The log's append and commit, and reading a file front to back, beside the same work on std.
//!
//! Disks vary from run to run by more than the differences that count: compare rows of one run. The log's rows are in
//! bytes of records; each iteration ends durable. The file is on the file system of the temporary directory (`TMPDIR`).

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};

use bedplate::io::{AppendLog, Backend, DirectReader};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RECORD: usize = 120;
/// Records of one commit: about a mebibyte.
const BATCH: usize = (1 << 20) / RECORD;
const FILE: usize = 64 << 20;

fn append(c: &mut Criterion) {
    let record = [b'r'; RECORD];
    let mut group = c.benchmark_group("log 120 B");
    group.sample_size(20).throughput(Throughput::Bytes((BATCH * RECORD) as u64));

    let dir = tempfile::tempdir().expect("the temporary directory takes a directory");
    let log = AppendLog::options().open(dir.path()).expect("a new log opens");
    group.bench_function("append_batch + commit", |b| {
        b.iter(|| {
            let lsns = log.append_batch(std::iter::repeat_n(&record, BATCH)).expect("the disk takes it");
            assert_eq!(log.commit().expect("the disk takes it").next(), lsns.end);
        });
    });
    drop(log);

    group.bench_function("std write + sync_data", |b| {
        let mut file = tempfile::tempfile().expect("the temporary directory takes a file");
        let bytes = record.repeat(BATCH);
        b.iter(|| {
            file.write_all(&bytes).expect("the disk takes it");
            file.sync_data().expect("the disk takes it");
        });
    });
    group.finish();

    // Without the disk: what a record costs before it is committed. The log is in memory where that can be had.
    let memory = std::path::Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let mut group = c.benchmark_group("log 120 B in memory");
    group.sample_size(20).throughput(Throughput::Bytes((BATCH * RECORD) as u64));
    group.bench_function("append_batch + commit", |b| {
        b.iter_batched(
            || {
                let dir = tempfile::tempdir_in(&parent).expect("a directory can be made");
                let log = AppendLog::options().segment_size(4 << 20).open(dir.path()).expect("a new log opens");
                (dir, log)
            },
            |(dir, log)| {
                log.append_batch(std::iter::repeat_n(&record, BATCH)).expect("the memory takes it");
                assert_eq!(log.commit().expect("the memory takes it").get(), BATCH as u64);
                (dir, log)
            },
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn read(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("the temporary directory takes a directory");
    let path = dir.path().join("file");
    let mut file = File::create(&path).expect("a file can be made");
    file.write_all(&vec![1; FILE]).expect("the disk takes it");
    file.sync_all().expect("the disk takes it");

    let mut group = c.benchmark_group("read 64 MiB");
    group.sample_size(10).throughput(Throughput::Bytes(FILE as u64));
    for (name, backend) in [("direct inline", Backend::Inline), ("direct 2 threads", Backend::Threads(2))] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut reader = DirectReader::builder().backend(backend).open(&path).expect("the file opens");
                let mut sum = 0;
                while let Some(block) = reader.next_block().expect("the disk reads") {
                    sum += block.len();
                    black_box(&block[0]);
                }
                assert_eq!(sum, FILE);
            });
        });
    }
    // From the page cache, if the file is still in it: no disk is faster.
    group.bench_function("std page cache", |b| {
        let mut buf = vec![0; 1 << 20];
        b.iter(|| {
            let mut file = File::open(&path).expect("the file opens");
            let mut sum = 0;
            loop {
                match file.read(&mut buf).expect("the disk reads") {
                    0 => break,
                    n => sum += n,
                }
                black_box(&buf[0]);
            }
            assert_eq!(sum, FILE);
        });
    });
    group.finish();
}

criterion_group!(benches, append, read);
criterion_main!(benches);
