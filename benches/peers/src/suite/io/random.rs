//! Pages anywhere in a file.

use super::Setting;
use super::anywhere::Anywhere;
use super::fio::Fio;
use super::pages::{Pages, evict, number};
use crate::harness::{Bench, Better, Spec, cpus, on_cpu};
use bedplate::Demand;
use bedplate::io::{DirectFile, FileId, IoBuf, Uring};
use bedplate::mem::AlignedBuf;
use bedplate::pool::BlockPool;
use std::ops::Deref;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The rows of `Uring`.
const ROWS: [Reads; 3] = [
    Reads { row: "randread qd1", depth: 1, fixed: false },
    Reads { row: "randread qd32", depth: 32, fixed: false },
    Reads { row: "randread qd32 fixed", depth: 32, fixed: true },
];

/// How one row reads.
#[derive(Clone, Copy)]
struct Reads {
    row: &'static str,
    /// Reads in flight.
    depth: usize,
    /// Whether buffers and file are registered.
    fixed: bool,
}

/// Measures the rows.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    if !setting.with_ring_and_fio(bench, &ROWS.map(|reads| reads.row)) {
        return;
    }
    let file = &setting.folder.join("randread");
    Pages::new(0).write(file, setting.blocks).expect("a file");
    evict(file).expect("a file that leaves the page cache");
    for reads in ROWS {
        if let Err(error) = reads.rate(file, 1, Duration::ZERO) {
            bench.leave_out(reads.row, format!("the ring is refused: {error}"));
        } else {
            row(bench, setting, file, reads);
        }
    }
    std::fs::remove_file(file).expect("the file of the rows");
}

fn row(bench: &mut Bench, setting: &Setting<'_>, file: &Path, reads: Reads) {
    let Reads { row, depth, fixed } = reads;
    let pages = setting.blocks as u64 * Pages::IN_BLOCK;
    let detail = format!(
        "read pages of 4 KiB anywhere in a file of {} MiB past the page cache, {depth} in flight, each submitted at once, \
         on one CPU, for {:?}: Uring with {}, and {} io_uring with the same; threads of pread share the CPU; verified: the sum \
         of the numbers of all pages, of ours",
        setting.blocks,
        setting.time,
        if fixed { "a registered file, buffers of a registered pool" } else { "nothing registered" },
        setting.peer()
    );
    let mut job = Fio::job("io_uring", file, "randread", Pages::SIZE, depth).on(cpus()[1 % cpus().len()]);
    if fixed {
        job = job.arg("--fixedbufs").arg("--registerfiles");
    }
    let Some((_, job)) = setting.able(bench, row, [("fio io_uring", job)]).pop() else { return };
    let job = job.anywhere_for(setting.time);
    let mut spec = Spec::new(row, detail)
        .unit("IOPS", Better::Higher)
        .figure("bedplate", || on_cpu(1, || reads.rate(file, pages, setting.time)).expect("a ring"))
        .figure("fio io_uring", || setting.run(&job).iops());
    if !fixed {
        let name = format!("pread, {depth} thread{}", if depth == 1 { "" } else { "s" });
        spec = spec.figure(&name, || on_cpu(1, || by_threads(file, depth, pages, setting.time)));
    }
    bench.run(spec);
}

impl Reads {
    /// Reads a second.
    fn rate(self, path: &Path, pages: u64, time: Duration) -> std::io::Result<f64> {
        let file = DirectFile::options().read().direct(Demand::Require).open(path)?;
        let demand = if self.fixed { Demand::Require } else { Demand::Off };
        if self.fixed {
            let mut ring = Uring::builder().depth(self.depth).registered(demand).build()?;
            let file = ring.register_file(file)?;
            let pool = BlockPool::builder().block_size(Pages::SIZE).max_blocks(self.depth).build()?;
            ring.register_pool(&pool)?;
            let blocks = (0..self.depth).map(|_| pool.acquire().expect("as many as there are"));
            Ok(self.rate_of(&mut ring, file, blocks.collect(), pages, time))
        } else {
            let mut ring = Uring::builder().depth(self.depth).registered(demand).build()?;
            let file = ring.register_file(file)?;
            let buffers = (0..self.depth).map(|_| AlignedBuf::zeroed(Pages::SIZE, Pages::SIZE));
            Ok(self.rate_of(&mut ring, file, buffers.collect(), pages, time))
        }
    }

    fn rate_of<B>(self, ring: &mut Uring<B>, file: FileId, buffers: Vec<B>, pages: u64, time: Duration) -> f64
    where
        B: IoBuf + Deref<Target = [u8]>,
    {
        let mut anywhere = Anywhere::new(pages);
        // Of the pages asked for, and of the numbers found in them.
        let (mut reads, mut asked, mut found) = (0_u64, 0_u64, 0_u64);
        let mut read = |ring: &mut Uring<B>, buffer| {
            let page = anywhere.page();
            asked += page;
            ring.read(file, buffer, page * Pages::SIZE as u64).expect("room for as many as there are buffers");
            ring.submit().expect("a submission");
        };
        let start = Instant::now();
        if !time.is_zero() {
            buffers.into_iter().for_each(|buffer| read(ring, buffer));
        }
        while ring.in_flight() > 0 {
            ring.wait(1, None).expect("a completion");
            while let Some(done) = ring.poll() {
                assert_eq!(done.result.expect("a page"), Pages::SIZE, "a whole page is read");
                let buffer = done.buffers.one().expect("a read has one");
                found += number(&buffer);
                reads += 1;
                // In place of the one that is over, before the next is looked at.
                if start.elapsed() < time {
                    read(ring, buffer);
                }
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(asked, found, "the pages asked for are read");
        reads as f64 / seconds
    }
}

/// Reads a second of so many threads, each of which reads one page at a time.
fn by_threads(path: &Path, threads: usize, pages: u64, time: Duration) -> f64 {
    let file = &DirectFile::options().read().direct(Demand::Require).open(path).expect("the file");
    let start = Instant::now();
    let reads: u64 = thread::scope(|scope| {
        let read = || {
            let mut anywhere = Anywhere::new(pages);
            let mut buffer = AlignedBuf::zeroed(Pages::SIZE, Pages::SIZE);
            let mut reads = 0;
            while start.elapsed() < time {
                let page = anywhere.page();
                file.read_exact_at(&mut buffer, page * Pages::SIZE as u64).expect("a page");
                assert_eq!(number(&buffer), page, "the page asked for is read");
                reads += 1;
            }
            reads
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a contender failed its check")).sum()
    });
    reads as f64 / start.elapsed().as_secs_f64()
}
