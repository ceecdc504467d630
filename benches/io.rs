//! The log's append and commit, files read and written front to back and anywhere, and copied, beside the same work on
//! std. The rows of the ring need the feature `io-uring`.
//!
//! Disks vary from run to run by more than the differences that count: compare rows of one run. The log's rows are in
//! bytes of records; each iteration ends durable. The file is on the file system of the temporary directory (`TMPDIR`).

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;

use bedplate::io::{AppendLog, Backend, DirectFile, DirectReader, DirectWriter, WriteOptions, copy};
use bedplate::mem::AlignedBuf;
use bedplate::pool::BlockPool;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RECORD: usize = 120;
/// Records of one commit: about a mebibyte.
const BATCH: usize = (1 << 20) / RECORD;
const FILE: usize = 64 << 20;
const PAGE: usize = 4096;

/// What a log takes of the disk at most, however long a bench goes on: segments that are used again.
const RETAINED: u64 = 192 << 20;

fn append(c: &mut Criterion) {
    let record = [b'r'; RECORD];
    let mut group = c.benchmark_group("log 120 B");
    group.sample_size(20).throughput(Throughput::Bytes((BATCH * RECORD) as u64));

    let dir = tempfile::tempdir().expect("the temporary directory takes a directory");
    // A batch is one frame, and the buffer holds it.
    let options = AppendLog::options().buffer_size(2 << 20).retain_bytes(RETAINED);
    let log = options.open(dir.path()).expect("a new log opens");
    group.bench_function("append_batch + commit", |b| {
        b.iter(|| {
            let lsns = log.append_batch(std::iter::repeat_n(&record, BATCH)).expect("the disk takes it");
            assert_eq!(log.flush().expect("the disk takes it").next(), lsns.end);
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
                let options = AppendLog::options().segment_size(4 << 20).buffer_size(2 << 20);
                let log = options.open(dir.path()).expect("a new log opens");
                (dir, log)
            },
            |(dir, log)| {
                log.append_batch(std::iter::repeat_n(&record, BATCH)).expect("the memory takes it");
                assert_eq!(log.flush().expect("the memory takes it").get(), BATCH as u64);
                (dir, log)
            },
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// One record, or one block, at a time, durable when the call returns.
fn commit(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("the temporary directory takes a directory");
    let log = AppendLog::options().retain_bytes(RETAINED).open(dir.path()).expect("a new log opens");
    let mut group = c.benchmark_group("log, one at a time");
    group.sample_size(20).throughput(Throughput::Elements(1));
    let record = [b'r'; RECORD];
    group.bench_function("append_durable, 120 B", |b| {
        b.iter(|| {
            let lsn = log.append_durable(&record).expect("the disk takes it");
            assert!(log.durable_lsn() >= lsn);
        });
    });

    let pool = BlockPool::builder().block_size(64 << 10).max_blocks(4).build().expect("a few blocks");
    group.bench_function("append_block + commit, 64 KiB", |b| {
        b.iter(|| {
            let mut block = pool.acquire().expect("a block is free or becomes so");
            block.set_len(64 << 10);
            let lsn = log.append_block(block).expect("the disk takes it");
            assert!(log.commit(lsn).expect("the disk takes it") >= lsn);
        });
    });
    group.finish();
}

/// The backends, each with four requests in flight where it has any.
fn backends() -> Vec<(&'static str, Backend)> {
    vec![
        ("direct inline", Backend::Inline),
        ("direct 2 threads", Backend::Threads(2)),
        #[cfg(feature = "io-uring")]
        ("direct ring", Backend::Uring),
    ]
}

/// A file of so many bytes in a new directory, and the directory.
fn file(bytes: usize) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("the temporary directory takes a directory");
    let path = dir.path().join("file");
    let mut file = File::create(&path).expect("a file can be made");
    file.write_all(&vec![1; bytes]).expect("the disk takes it");
    file.sync_all().expect("the disk takes it");
    (dir, path)
}

fn read(c: &mut Criterion) {
    let (_dir, path) = file(FILE);
    let mut group = c.benchmark_group("read 64 MiB");
    group.sample_size(10).throughput(Throughput::Bytes(FILE as u64));
    for (name, backend) in backends() {
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

fn write(c: &mut Criterion) {
    let (_dir, path) = file(FILE);
    let data = vec![2; 1 << 20];
    let mut group = c.benchmark_group("write 64 MiB over a file, durable");
    group.sample_size(10).throughput(Throughput::Bytes(FILE as u64));
    for (name, backend) in backends() {
        group.bench_function(name, |b| {
            b.iter(|| {
                let file = DirectFile::options().write().open(&path).expect("the file opens");
                let mut writer = DirectWriter::builder().backend(backend).over(file).expect("a writer");
                (0..FILE / data.len()).for_each(|_| writer.write_all(&data).expect("the disk takes it"));
                assert_eq!(writer.finish().expect("the disk takes it").len().expect("a length"), FILE as u64);
            });
        });
    }
    group.bench_function("std page cache + sync_data", |b| {
        b.iter(|| {
            let mut file = File::options().write(true).open(&path).expect("the file opens");
            (0..FILE / data.len()).for_each(|_| file.write_all(&data).expect("the disk takes it"));
            file.sync_data().expect("the disk takes it");
        });
    });
    group.finish();
}

/// A page that has nothing to do with the one before it.
fn scattered(page: &mut u64, pages: u64) -> u64 {
    *page = (*page + pages / 2 + 101) % pages;
    *page * PAGE as u64
}

fn page(c: &mut Criterion) {
    const PAGES: u64 = (FILE / PAGE) as u64;
    let (_dir, path) = file(FILE);
    let file = DirectFile::options().read().write().open(&path).expect("the file opens");
    let mut buf = AlignedBuf::zeroed(PAGE, PAGE);
    let mut at = 0;
    let mut group = c.benchmark_group("4 KiB anywhere");
    group.sample_size(20).throughput(Throughput::Elements(1));
    group.bench_function("direct read", |b| {
        b.iter(|| file.read_exact_at(&mut buf, scattered(&mut at, PAGES)).expect("the disk reads"));
    });
    group.bench_function("direct write, durable", |b| {
        let durable = WriteOptions::new().durable();
        b.iter(|| file.write_all_at_with(&buf, scattered(&mut at, PAGES), durable).expect("the disk takes it"));
    });
    group.bench_function("std write + sync_data", |b| {
        let file = File::options().write(true).open(&path).expect("the file opens");
        b.iter(|| {
            file.write_all_at(&buf, scattered(&mut at, PAGES)).expect("the disk takes it");
            file.sync_data().expect("the disk takes it");
        });
    });
    #[cfg(feature = "io-uring")]
    ring(&mut group, file);
    group.finish();
}

/// A read submitted for each one that comes back, with 32 in flight.
#[cfg(feature = "io-uring")]
fn ring(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>, file: DirectFile) {
    const PAGES: u64 = (FILE / PAGE) as u64;
    let mut ring = match bedplate::io::Uring::builder().depth(32).build::<AlignedBuf>() {
        Ok(ring) => ring,
        Err(why) => {
            println!("skipped: the ring: {why}");
            return;
        }
    };
    let file = ring.register_file(file).expect("a new ring has room");
    let mut at = 0;
    for _ in 0..32 {
        let buf = AlignedBuf::zeroed(PAGE, PAGE);
        ring.read(file, buf, scattered(&mut at, PAGES)).expect("a place for each");
    }
    ring.submit().expect("a ring");
    group.bench_function("direct read, ring of 32", |b| {
        b.iter(|| {
            ring.wait(1, None).expect("a ring");
            let done = ring.poll().expect("it was waited for");
            assert_eq!(done.result.expect("the disk reads"), PAGE);
            let buf = done.buffers.one().expect("a read has one");
            ring.read(file, buf, scattered(&mut at, PAGES)).expect("a place is free");
            ring.submit().expect("a ring");
        });
    });
}

fn copies(c: &mut Criterion) {
    let (dir, path) = file(FILE);
    let target = dir.path().join("target");
    let mut group = c.benchmark_group("copy 64 MiB to a new file");
    group.sample_size(10).throughput(Throughput::Bytes(FILE as u64));
    let files = || {
        let _ = std::fs::remove_file(&target);
        let from = File::open(&path).expect("the file opens");
        (from, File::create_new(&target).expect("a file can be made"))
    };
    group.bench_function("copy", |b| {
        let copied = |(from, to)| assert_eq!(copy(&from, &to).expect("the disk takes it").bytes, FILE as u64);
        b.iter_batched(files, copied, criterion::BatchSize::PerIteration);
    });
    group.bench_function("std::io::copy", |b| {
        let copied = |(mut from, mut to): (File, File)| {
            assert_eq!(std::io::copy(&mut from, &mut to).expect("the disk takes it"), FILE as u64);
        };
        b.iter_batched(files, copied, criterion::BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, append, commit, read, write, page, copies);
criterion_main!(benches);
