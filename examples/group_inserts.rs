//! Many threads insert rows one by one into a store whose commit is dear; a `Batcher` makes one commit of a hundred.

use bedplate::batch::Batcher;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: u64 = 8;
const ROWS: u64 = 250;
/// What a disk takes to make one commit durable.
const COMMIT: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Store {
    rows: BTreeMap<u64, String>,
    commits: u64,
}

impl Store {
    fn commit(&mut self, rows: impl Iterator<Item = (u64, String)>) {
        self.rows.extend(rows);
        self.commits += 1;
        thread::sleep(COMMIT);
    }
}

fn main() -> io::Result<()> {
    let store = Arc::new(Mutex::new(Store::default()));
    let written = Arc::clone(&store);
    let inserts = Batcher::builder()
        .max_items(100)
        .linger(Duration::from_millis(20))
        .on_failed(|rows: Vec<(u64, String)>| eprintln!("{} rows were not committed", rows.len()))
        .spawn("commits", move |batch| written.lock().unwrap().commit(batch.drain(..)))?;

    let start = Instant::now();
    thread::scope(|s| {
        for t in 0..THREADS {
            let inserts = &inserts;
            s.spawn(move || {
                for n in 0..ROWS {
                    let key = t * ROWS + n;
                    inserts.push((key, format!("row {key}"))).expect("nobody closes the batcher meanwhile");
                }
                // What this thread inserted is durable when this returns.
                inserts.flush().expect("nobody closes the batcher meanwhile");
            });
        }
    });
    let took = start.elapsed();

    let report = inserts.close();
    let stats = inserts.stats();
    let store = store.lock().unwrap();
    assert_eq!((report.handled, report.failed, report.left_over.len()), (THREADS * ROWS, 0, 0));
    assert_eq!(store.rows.len() as u64, THREADS * ROWS);
    assert_eq!(store.rows[&777], "row 777");
    assert_eq!(store.commits, stats.batches);
    // The full batches, one for each flush, and those that a slow machine let wait for the linger.
    assert!(store.commits <= THREADS * ROWS / 100 + THREADS + stats.by_linger, "{stats:?}");
    println!("{} rows in {} commits, {took:?}; {:?}", store.rows.len(), store.commits, stats);
    Ok(())
}
