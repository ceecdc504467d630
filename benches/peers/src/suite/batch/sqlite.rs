//! Rows inserted into `SQLite`, in batches and one by one.

use crate::harness::{Bench, Better, Spec};
use crate::suite::scratch;
use bedplate::batch::Batcher;
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const BATCH: usize = 100;
/// Rows of the shortest measurement of those that insert in batches.
const LEAST: u64 = 10 * BATCH as u64;
const INSERT: &str = "INSERT INTO event (id, name, value) VALUES (?1, ?2, ?3)";

/// Measures the rows of `SQLite`.
pub fn run(bench: &mut Bench) {
    for synchronous in ["full", "normal"] {
        let row = format!("sqlite {synchronous} 100");
        if !bench.wants(&row) {
            continue;
        }
        let folder = match scratch::folder() {
            Ok(folder) => folder,
            Err(why) => {
                bench.leave_out(row, why);
                continue;
            }
        };
        let path = folder.path();
        let detail = format!(
            "insert a row of 3 columns, prepared; WAL, synchronous={synchronous}; one producer, transactions of 100 rows \
             by a Batcher, or each row alone, or 100 by hand; verified: count and sum of the rows in the table"
        );
        bench.run(
            Spec::new(row, detail)
                .unit("ns/row", Better::Lower)
                .timed("bedplate", |ops| insert(path, synchronous, ops, batcher))
                .at_least(LEAST)
                .timed("single inserts", |ops| insert(path, synchronous, ops, one_by_one))
                .timed("100 by hand", |ops| insert(path, synchronous, ops, by_hand))
                .at_least(LEAST),
        );
    }
}

/// The ids of the rows to insert.
type Ids = std::ops::Range<i64>;

/// Inserts `ops` rows into a database of its own.
fn insert(folder: &Path, synchronous: &str, ops: u64, work: impl FnOnce(&mut Connection, Ids)) -> Duration {
    /// Databases opened so far: each has a name of its own.
    static OPENED: AtomicU64 = AtomicU64::new(0);
    let folder = folder.join(OPENED.fetch_add(1, Ordering::Relaxed).to_string());
    std::fs::create_dir(&folder).expect("a folder of its own");
    let mut connection = Connection::open(folder.join("events.db")).expect("a database");
    let setup = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
         CREATE TABLE event (id INTEGER PRIMARY KEY, name TEXT NOT NULL, value INTEGER NOT NULL);"
    );
    connection.execute_batch(&setup).expect("a table");
    let ids = 0..i64::try_from(ops).expect("few enough");
    let start = Instant::now();
    work(&mut connection, ids.clone());
    let elapsed = start.elapsed();
    let sums = "SELECT count(*), coalesce(sum(id), 0), coalesce(sum(value), 0) FROM event";
    let found: (i64, i64, i64) =
        connection.query_row(sums, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("sums");
    let sum: i64 = ids.clone().sum();
    assert_eq!(found, (ids.end, sum, 2 * sum), "each row is inserted once");
    drop(connection);
    std::fs::remove_dir_all(&folder).expect("a folder of its own");
    elapsed
}

fn transaction(connection: &mut Connection, ids: impl Iterator<Item = i64>) {
    let transaction = connection.transaction().expect("no other transaction is open");
    {
        let mut insert = transaction.prepare_cached(INSERT).expect("the table is there");
        ids.for_each(|id| _ = insert.execute((id, "event", id * 2)).expect("an insert"));
    }
    transaction.commit().expect("a commit");
}

fn batcher(connection: &mut Connection, ids: Ids) {
    let mut own = Connection::open(connection.path().expect("a file")).expect("the database is there");
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", (), |row| row.get(0)).expect("a pragma");
    own.execute_batch(&format!("PRAGMA synchronous = {synchronous}")).expect("a pragma");
    let handle = move |items: &mut Vec<i64>| transaction(&mut own, items.drain(..));
    let builder = Batcher::builder().max_items(BATCH).linger(Duration::from_millis(100)).capacity(4 * BATCH);
    let batcher = builder.spawn("peers-sqlite", handle).expect("a thread");
    ids.for_each(|id| batcher.push(id).expect("the batcher is open"));
    batcher.flush().expect("the batcher is open");
}

fn one_by_one(connection: &mut Connection, ids: Ids) {
    let mut insert = connection.prepare_cached(INSERT).expect("the table is there");
    ids.for_each(|id| _ = insert.execute((id, "event", id * 2)).expect("an insert"));
}

fn by_hand(connection: &mut Connection, ids: Ids) {
    let mut start = ids.start;
    while start < ids.end {
        let end = ids.end.min(start + BATCH as i64);
        transaction(connection, start..end);
        start = end;
    }
}
