//! Threads append to one log and wait for durability together; then the log is opened again and checked. `durable_log
//! [DIR]`; without a directory in a temporary one.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs, thread};

use bedplate::io::{AppendLog, LogError};

const THREADS: u64 = 8;
const EACH: u64 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    match env::args_os().nth(1).map(PathBuf::from) {
        Some(dir) => run(&dir),
        None => {
            let dir = env::temp_dir().join(format!("durable_log-{}", std::process::id()));
            let result = run(&dir);
            fs::remove_dir_all(&dir)?;
            result
        }
    }
}

fn run(dir: &Path) -> Result<(), Box<dyn Error>> {
    let log = AppendLog::options().segment_size(1 << 20).open(dir)?;
    let before = log.durable_lsn().get();
    println!("opened with {before} records, {} torn bytes cut off", log.recovery().torn_tail_bytes);

    let start = Instant::now();
    let results: Vec<_> = thread::scope(|s| {
        let threads: Vec<_> = (0..THREADS)
            .map(|t| {
                let log = &log;
                s.spawn(move || work(log, t))
            })
            .collect();
        threads.into_iter().map(|t| t.join().expect("the threads do not panic")).collect()
    });
    results.into_iter().collect::<Result<(), _>>()?;
    let stats = log.stats();
    println!(
        "{} records by {THREADS} threads in {:?}: {} commits shared {} syncs",
        stats.appended,
        start.elapsed(),
        stats.commits,
        stats.syncs
    );
    assert_eq!(log.durable_lsn().get(), before + THREADS * EACH);
    log.close()?;

    let report = AppendLog::verify(dir)?;
    assert_eq!(report.last.map(|lsn| lsn.get()), Some(before + THREADS * EACH));
    assert_eq!(report.torn_tail_bytes, 0);
    println!("{} records of {} bytes in {} segments are whole", report.records, report.bytes, report.segments);

    // The order in which each thread appended is kept.
    let log = AppendLog::options().open(dir)?;
    let mut reader = log.reader()?;
    let mut next = [0; THREADS as usize];
    while let Some(record) = reader.next_record()? {
        let text = std::str::from_utf8(record.data)?;
        let (thread, number) = text.split_once(':').ok_or("not a record of this example")?;
        let next = &mut next[thread.parse::<usize>()?];
        assert!(number.parse::<u64>()? == *next || *next == EACH);
        *next = number.parse::<u64>()? + 1;
    }
    Ok(())
}

fn work(log: &AppendLog, thread: u64) -> Result<(), LogError> {
    for i in 0..EACH {
        let lsn = log.append_durable(format!("{thread}:{i}").as_bytes())?;
        assert!(log.durable_lsn() >= lsn);
    }
    Ok(())
}
