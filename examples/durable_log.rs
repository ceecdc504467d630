//! Threads append to one log and wait for durability together, one of them by closures; a follower reads what becomes
//! durable meanwhile; then the log is opened again and checked. `durable_log [DIR]`; without a directory in a temporary
//! one.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;
use std::{env, fs, thread};

use bedplate::io::{AppendLog, LogError, LogFollower, Lsn};

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
    println!("opened with {before} records, {} torn frames done away with", log.recovery().torn_frames);

    let start = Instant::now();
    let follower = log.follow(Lsn::new(before + 1))?;
    let followed = thread::scope(|s| {
        let follower = s.spawn(move || follow(follower, THREADS * EACH));
        let threads: Vec<_> = (1..THREADS)
            .map(|t| {
                let log = &log;
                s.spawn(move || wait_for_each(log, t))
            })
            .collect();
        call_back_for_each(&log, 0)?;
        threads.into_iter().try_for_each(|t| t.join().expect("the threads do not panic"))?;
        follower.join().expect("the threads do not panic")
    })?;
    let stats = log.stats();
    println!(
        "{} records by {THREADS} threads in {:?}: {} commits shared {} writes",
        stats.appended,
        start.elapsed(),
        stats.commits,
        stats.frames
    );
    assert_eq!(followed, before + THREADS * EACH);
    assert_eq!(log.durable_lsn().get(), followed);
    log.close()?;

    let report = AppendLog::verify(dir)?;
    assert_eq!(report.last.map(Lsn::get), Some(followed));
    assert_eq!(report.torn_frames, 0);
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
    assert!(next == [EACH; THREADS as usize]);
    Ok(())
}

/// Waits until each record is durable before it appends the next.
fn wait_for_each(log: &AppendLog, thread: u64) -> Result<(), LogError> {
    for i in 0..EACH {
        let lsn = log.append_durable(format!("{thread}:{i}").as_bytes())?;
        assert!(log.durable_lsn() >= lsn);
    }
    Ok(())
}

/// Goes on at once, and is told of each record when it is durable: as a server answers its clients.
fn call_back_for_each(log: &AppendLog, thread: u64) -> Result<(), LogError> {
    let answered = Arc::new(AtomicU64::new(0));
    let (done, all_done) = mpsc::channel();
    for i in 0..EACH {
        let lsn = log.append(format!("{thread}:{i}").as_bytes())?;
        let (answered, done) = (Arc::clone(&answered), done.clone());
        log.on_durable(lsn, move |durable| {
            // They come in order. A log that failed, or was closed before, says so here.
            assert!(durable.is_ok_and(|durable| durable >= lsn));
            if answered.fetch_add(1, Ordering::Relaxed) + 1 == EACH {
                done.send(()).expect("somebody waits");
            }
        })?;
    }
    // Without threads of the log's own it is the callers who write.
    log.flush()?;
    all_done.recv().expect("each closure is called");
    Ok(())
}

/// Sleeps until a record is durable, and gives the number of the last of so many.
fn follow(mut follower: LogFollower, records: u64) -> Result<u64, LogError> {
    let mut last = 0;
    for _ in 0..records {
        let record = follower.next()?.expect("the log is open");
        assert!(last == 0 || record.lsn.get() == last + 1);
        last = record.lsn.get();
    }
    Ok(last)
}
