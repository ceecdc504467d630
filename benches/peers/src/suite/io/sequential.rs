//! A file front to back, with eight requests in flight.

use super::Setting;
use super::fio::Fio;
use super::pages::{Pages, evict, number};
use crate::harness::{Bench, Better, Spec, cpus, on_cpu};
use bedplate::io::{Backend, DirectFile, DirectReader, DirectWriter};
use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

/// Requests in flight.
const DEPTH: usize = 8;

/// Measures the rows of the streams.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    if setting.with_ring_and_fio(bench, &["seqread qd8"]) {
        read(bench, setting);
    }
    if setting.with_ring_and_fio(bench, &["seqwrite qd8"]) {
        write(bench, setting);
    }
}

fn read(bench: &mut Bench, setting: &Setting<'_>) {
    let (blocks, file) = (setting.blocks, &setting.folder.join("seqread"));
    Pages::new(0).write(file, blocks).expect("a file");
    evict(file).expect("a file that leaves the page cache");
    let detail = format!(
        "read a file of {blocks} MiB front to back past the page cache, 1 MiB a request, 8 requests in flight, on one \
         CPU: blocks of a DirectReader with Backend::Uring, which asks for huge pages for them, and {}, which looks at \
         nothing it read, into pages of 4 KiB unless told; from the call that opens the file, ours from the making of \
         ring and pool too; verified: the number of each MiB, of ours",
        setting.peer()
    );
    let ours = |backend| move || on_cpu(1, || read_direct(file, blocks, backend));
    let mut jobs = vec![("fio io_uring", job("io_uring", file, "read")), ("fio libaio", job("libaio", file, "read"))];
    if !bench.quick() {
        let registered = job("io_uring", file, "read").arg("--fixedbufs").arg("--registerfiles");
        jobs.push(("fio io_uring, all registered", registered.clone()));
        jobs.push(("fio io_uring, all registered, huge pages", in_huge_pages(registered)));
    }
    let jobs = setting.able(bench, "seqread qd8", jobs);
    let spec = Spec::new("seqread qd8", detail).unit("MB/s", Better::Higher).figure("bedplate", ours(Backend::Uring));
    measure(bench, setting, spec, jobs, ours(Backend::Threads(DEPTH)));
    std::fs::remove_file(file).expect("the file of the row");
}

fn write(bench: &mut Bench, setting: &Setting<'_>) {
    let (blocks, file) = (setting.blocks, &setting.folder.join("seqwrite"));
    Pages::new(0).write(file, blocks).expect("a file");
    evict(file).expect("a file that leaves the page cache");
    let detail = format!(
        "write over a file of {blocks} MiB front to back past the page cache, 1 MiB a request, 8 requests in flight, one \
         fsync at the end, on one CPU: by write_all of a DirectWriter with Backend::Uring, which copies each MiB into a \
         block, in huge pages where there are any, and ends with a sync of its own before that fsync, and {}, which \
         writes the same bytes again and again, from pages of 4 KiB unless told; from the call that opens the file, ours \
         from the making of ring and pool too; verified: the number of each MiB on the disk, of ours",
        setting.peer()
    );
    let round = &Cell::new(1);
    let ours = |backend| {
        move || {
            // Other numbers each time, so that what an earlier round wrote does not pass.
            let mut pages = Pages::new(round.replace(round.get() + 1) << 32);
            on_cpu(1, || write_direct(file, &mut pages, blocks, backend))
        }
    };
    let job = |engine| {
        let job = job(engine, file, "write");
        job.arg("--end_fsync=1").arg("--overwrite=1").arg("--scramble_buffers=0")
    };
    let mut jobs = vec![("fio io_uring", job("io_uring")), ("fio libaio", job("libaio"))];
    if !bench.quick() {
        jobs.push(("fio io_uring, huge pages", in_huge_pages(job("io_uring"))));
    }
    let jobs = setting.able(bench, "seqwrite qd8", jobs);
    let spec = Spec::new("seqwrite qd8", detail).unit("MB/s", Better::Higher).figure("bedplate", ours(Backend::Uring));
    measure(bench, setting, spec, jobs, ours(Backend::Threads(DEPTH)));
    std::fs::remove_file(file).expect("the file of the row");
}

/// Against the jobs, if any, and where there is time by threads too.
fn measure<'a>(
    bench: &mut Bench,
    setting: &'a Setting<'a>,
    mut spec: Spec<'a>,
    jobs: Vec<(&str, Fio)>,
    by_threads: impl FnMut() -> f64 + 'a,
) {
    if jobs.is_empty() {
        return;
    }
    for (name, job) in jobs {
        spec = spec.figure(name, move || setting.run(&job).rate());
    }
    if !bench.quick() {
        spec = spec.figure("bedplate Threads(8)", by_threads);
    }
    bench.run(spec);
}

fn job(engine: &str, file: &Path, rw: &str) -> Fio {
    Fio::job(engine, file, rw, Pages::BLOCK, DEPTH).on(cpus()[1 % cpus().len()])
}

/// Which the administrator has to have set aside: 16 of 2 MiB are enough.
fn in_huge_pages(job: Fio) -> Fio {
    job.arg("--iomem=mmaphuge").arg("--hugepage-size=2m")
}

fn read_direct(path: &Path, blocks: usize, backend: Backend) -> f64 {
    let start = Instant::now();
    let reader = DirectReader::builder().block_size(Pages::BLOCK).backend(backend).depth(DEPTH);
    let mut reader = reader.open(path).expect("the file");
    let mut read = 0;
    while let Some(block) = reader.next_block().expect("a block") {
        assert_eq!(number(&block), read * Pages::IN_BLOCK, "blocks come in their order");
        read += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(read, blocks as u64, "each block is read");
    assert!(reader.effective().direct && reader.backend() == backend, "the row is of what its detail says");
    (blocks * Pages::BLOCK) as f64 / seconds / 1e6
}

fn write_direct(path: &Path, pages: &mut Pages, blocks: usize, backend: Backend) -> f64 {
    let start = Instant::now();
    let file = DirectFile::options().write().open(path).expect("the file");
    let writer = DirectWriter::builder().block_size(Pages::BLOCK).backend(backend).depth(DEPTH);
    let mut writer = writer.over(file).expect("a writer");
    assert!(writer.effective().direct && writer.backend() == backend, "the row is of what its detail says");
    (0..blocks).for_each(|index| writer.write_all(pages.block(index)).expect("a write"));
    // The same as the peers'; the writer's own is one that leaves out times.
    writer.finish().and_then(|file| file.sync_all()).expect("a sync");
    let seconds = start.elapsed().as_secs_f64();
    let file = File::open(path).expect("the file");
    let mut page = [0; Pages::SIZE];
    for index in 0..blocks {
        file.read_exact_at(&mut page, (index * Pages::BLOCK) as u64).expect("a page");
        assert_eq!(number(&page), pages.first(index), "what was written is on the disk");
    }
    // Not for fio to do in its time.
    evict(path).expect("a file that leaves the page cache");
    (blocks * Pages::BLOCK) as f64 / seconds / 1e6
}
