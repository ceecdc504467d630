//! How long a caller waits for its record.

use super::Setting;
use super::records::{self, RECORD};
use super::subject::Subject;
use super::zeroed::{PAGE, Zeroed};
use crate::harness::{Bench, Better, Spec, on_cpu, share, together};
use bedplate::mem::AlignedBuf;
use std::sync::Mutex;
use std::time::Instant;

/// Threads of ours and of the last peer.
const THREADS: usize = 8;

/// Measures the rows.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    const ROWS: [&str; 2] = ["p50 8t", "p99 8t"];
    if !ROWS.iter().any(|row| bench.wants(row)) {
        return;
    }
    let log = Subject::open(setting, &setting.options()).expect("a log");
    let file = Zeroed::create(setting.folder, setting.segment).expect("a file");
    let (appends, syncs) = if setting.quick { (2000, 200) } else { (10_000, 2000) };
    let detail = format!(
        "how long append_durable of 100 bytes takes, median and 99th percentile of {appends} on 8 threads, a log as in \
         `append independent`; against one thread that does nothing else but write 4 KiB with O_DIRECT over a file of \
         zeros and call fdatasync: that call alone, and both; {syncs} of each; and against 8 such threads that make \
         RWF_DSYNC writes of 4 KiB"
    );
    bench.run(
        Spec::new(ROWS[0], detail)
            .threads(THREADS)
            .unit("ns", Better::Lower)
            .beside(ROWS[1], "ns")
            .each("bedplate", |ops| append(&log, ops))
            .exactly(appends)
            .each("one fdatasync", |ops| on_cpu(0, || sync(&file, ops, Part::Sync)))
            .exactly(syncs)
            .each("one write + fdatasync", |ops| on_cpu(0, || sync(&file, ops, Part::Both)))
            .exactly(syncs)
            .each("independent O_DSYNC, 8 threads", |ops| write(&file, ops))
            .exactly(appends),
    );
}

/// What is timed of a write and its sync.
#[derive(Clone, Copy)]
enum Part {
    Sync,
    Both,
}

fn append(subject: &Subject, ops: u64) -> Vec<u64> {
    subject.log.prepare().expect("room for a segment");
    let first = subject.log.next_lsn();
    let times = on_threads(ops, |thread| {
        let mut record = [0; RECORD];
        records::blank(thread, &mut record);
        move |number| {
            records::stamp(&mut record, number);
            subject.log.append_durable(&record).expect("a durable append");
        }
    });
    subject.verify(first, THREADS, ops);
    times
}

fn write(file: &Zeroed, ops: u64) -> Vec<u64> {
    let slots = file.size() / (THREADS * PAGE) as u64;
    on_threads(ops, |thread| {
        let mut page = AlignedBuf::zeroed(PAGE, PAGE);
        records::blank(thread, &mut page[..RECORD]);
        move |number| {
            records::stamp(&mut page, number);
            file.write_durable(&page, (thread as u64 * slots + number % slots) * PAGE as u64);
        }
    })
}

/// How long each of so many operations took, which threads share.
fn on_threads<W: FnMut(u64)>(ops: u64, work: impl Fn(usize) -> W + Sync) -> Vec<u64> {
    let times = Mutex::new(Vec::with_capacity(ops as usize));
    together(THREADS, |thread| {
        let mut work = work(thread);
        let part = share(ops, THREADS as u64, thread as u64);
        let mine: Vec<u64> = (0..part.end - part.start)
            .map(|number| {
                let start = Instant::now();
                work(number);
                start.elapsed().as_nanos() as u64
            })
            .collect();
        times.lock().expect("no thread panics").extend(mine);
        0
    });
    times.into_inner().expect("no thread panics")
}

fn sync(file: &Zeroed, ops: u64, part: Part) -> Vec<u64> {
    let mut page = AlignedBuf::zeroed(PAGE, PAGE);
    records::blank(0, &mut page[..RECORD]);
    let pages = file.size() / PAGE as u64;
    let one = |number: u64| {
        records::stamp(&mut page, number);
        let start = Instant::now();
        file.write(&page, number % pages * PAGE as u64);
        let written = Instant::now();
        file.sync();
        match part {
            Part::Sync => written.elapsed().as_nanos() as u64,
            Part::Both => start.elapsed().as_nanos() as u64,
        }
    };
    let times = (0..ops).map(one).collect();
    file.verify(0, pages, PAGE, RECORD, ops);
    times
}
