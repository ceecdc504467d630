//! Rows inserted into `SQLite`, in batches and one by one.

mod events;

use crate::harness::{Bench, Better, Spec, cpus, on_cpu};
use crate::suite::scratch;
use bedplate::batch::Batcher;
use bedplate::topo::{CpuSet, pin_current};
use events::{Events, Ids, Statement, Synchronous};
use std::mem;
use std::path::Path;
use std::time::{Duration, Instant};

/// Batches of the shortest measurement.
const LEAST: u64 = 10;
/// Rows that wait in the batcher at most: with a few, rows one by one would mostly be switches of threads.
const CAPACITY: usize = 4_000;

/// Measures the rows of `SQLite`.
pub fn run(bench: &mut Bench) {
    for synchronous in [Synchronous::Full, Synchronous::Normal] {
        for statement in [Statement::Prepared, Statement::Unprepared] {
            for batch in [1, 100, 1000] {
                row(bench, synchronous, statement, batch);
            }
        }
    }
}

fn row(bench: &mut Bench, synchronous: Synchronous, statement: Statement, batch: usize) {
    let (id, how) = match statement {
        Statement::Prepared => (format!("sqlite {synchronous} {batch}"), "prepared once"),
        Statement::Unprepared => (format!("sqlite {synchronous} {batch} unprepared"), "SQL text parsed for each row"),
    };
    if !bench.wants(&id) {
        return;
    }
    let folder = match scratch::folder() {
        Ok(folder) => folder,
        Err(why) => {
            bench.leave_out(id, why);
            return;
        }
    };
    let path = folder.path();
    let insert = move |ops, work: Work| {
        let folder = tempfile::tempdir_in(path).expect("a folder of its own");
        insert(&folder.path().join("events.db"), synchronous, statement, ops, |events, ids| work(events, batch, ids))
    };
    let detail = format!(
        "insert a row of 3 columns, {how}; WAL, synchronous={synchronous}, a file of its own; transactions of \
         {batch} by a Batcher, its thread on the second CPU, or each row in autocommit, or transactions of {batch} by hand; \
         at most 4000 rows wait; verified: count and sums of the rows in the table"
    );
    let least = LEAST * batch as u64;
    bench.run(
        Spec::new(id, detail)
            .unit("ns/row", Better::Lower)
            .timed("bedplate", move |ops| insert(ops, batcher))
            .at_least(least)
            .timed("single inserts", move |ops| insert(ops, one_by_one))
            .at_least(LEAST)
            .timed(&format!("{batch} by hand"), move |ops| insert(ops, by_hand))
            .at_least(least),
    );
}

/// Inserts these rows, in transactions of so many where it makes any.
type Work = fn(Events, usize, Ids);

/// Inserts `ops` rows into a database of its own.
fn insert(
    file: &Path,
    synchronous: Synchronous,
    statement: Statement,
    ops: u64,
    work: impl FnOnce(Events, Ids) + Send,
) -> Duration {
    // Open to the end: the last connection to be closed has a checkpoint to do.
    let last = Events::create(file);
    let events = Events::open(file, synchronous, statement);
    let ids = 0..i64::try_from(ops).expect("few enough");
    let elapsed = on_cpu(0, || {
        let start = Instant::now();
        work(events, ids.clone());
        start.elapsed()
    });
    last.verify(ids);
    elapsed
}

fn batcher(mut events: Events, batch: usize, ids: Ids) {
    let builder = Batcher::builder().max_items(batch).linger(Duration::from_millis(100)).capacity(CAPACITY);
    let builder = builder.on_thread_start(|| {
        // Forgotten, so that the thread keeps its CPU.
        mem::forget(pin_current(&CpuSet::single(cpus()[1 % cpus().len()])).expect("an allowed CPU"));
    });
    let handle = move |items: &mut Vec<i64>| events.transaction(items.drain(..));
    let batcher = builder.spawn("peers-sqlite", handle).expect("a thread");
    ids.for_each(|id| batcher.push(id).expect("the batcher is open"));
    let report = batcher.close();
    assert_eq!((report.failed, report.left_over.len()), (0, 0), "everything is handled");
}

fn one_by_one(events: Events, _: usize, ids: Ids) {
    ids.for_each(|id| events.insert(id));
}

fn by_hand(mut events: Events, batch: usize, ids: Ids) {
    let mut start = ids.start;
    while start < ids.end {
        let end = ids.end.min(start + batch as i64);
        events.transaction(start..end);
        start = end;
    }
}
