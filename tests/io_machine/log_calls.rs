//! Which calls a commit is made of, and what becomes of the log when one of them fails.

use std::fs::File;
use std::path::Path;

use bedplate::io::{AppendLog, AppendLogOptions, Backend, LogError, LogReader};

use crate::alone::inside;
use crate::strace::{injected, traced, under_tracer};

/// Calls that change files or make them durable, and those that find them: the ones that say where the trace begins.
const CHANGES: &str = "pwritev2,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,fallocate,ftruncate,rename,\
                       renameat,renameat2,unlink,unlinkat,linkat,openat";

/// Segments of 31 frames.
fn options() -> AppendLogOptions {
    AppendLog::options().segment_size(128 << 10).buffer_size(16 << 10)
}

/// Shows in the trace.
fn say(what: &str) {
    assert!(File::open(Path::new("/said-by-the-test").join(what)).is_err());
}

fn between<'a>(calls: &'a [String], begin: &str, end: &str) -> &'a [String] {
    let at = |what: &str| {
        let said = format!("/said-by-the-test/{what}\"");
        calls.iter().position(|call| call.contains(&said)).unwrap_or_else(|| panic!("{what}: {calls:#?}"))
    };
    &calls[at(begin) + 1..at(end)]
}

/// A write that is durable when it ends.
fn is_durable_write(call: &str) -> bool {
    call.contains("pwritev2(") && call.contains("RWF_DSYNC")
}

fn backend(what: &str) -> Backend {
    if what == "threads" { Backend::Threads(1) } else { Backend::Inline }
}

#[test]
fn a_commit_is_one_durable_write() {
    if let Some(what) = inside() {
        let dir = std::env::temp_dir().join("records");
        let log = options().backend(backend(&what)).open(&dir).unwrap();
        return under_tracer(|| {
            log.prepare().unwrap();
            say("begin");
            (0..20u64).for_each(|i| drop(log.append_durable(&i.to_le_bytes()).unwrap().get().to_string()));
            say("blocked");
            log.append_batch((0..50u64).map(u64::to_le_bytes)).unwrap();
            log.flush().unwrap();
            say("full");
            // To the end of the segment and a frame beyond.
            (0..11u64).for_each(|i| drop(log.append_durable(&i.to_le_bytes()).unwrap().get().to_string()));
            say("end");
        });
    }
    for what in ["inline", "threads"] {
        let Some(calls) = traced("log_calls::a_commit_is_one_durable_write", what, &[], CHANGES) else { return };
        let commits = between(&calls, "begin", "blocked");
        assert!(commits.len() == 20 && commits.iter().all(|call| is_durable_write(call)), "{what}: {commits:#?}");
        let batch = between(&calls, "blocked", "full");
        assert!(batch.len() == 1 && is_durable_write(&batch[0]), "{what}: {batch:#?}");
        // The next segment is there: nothing is made, named or synced before the frame that begins it. What is done then is
        // for the one behind.
        let roll = between(&calls, "full", "end");
        let first = &roll[..11];
        assert!(first.iter().all(|call| is_durable_write(call)), "{what}: {roll:#?}");
        let file = |call: &str| call.split_once('(').unwrap().1.split_once(',').unwrap().0.to_owned();
        assert_ne!(file(&first[9]), file(&first[10]), "{what}: {roll:#?}");
        assert!(roll[11..].iter().all(|call| !is_durable_write(call)));
    }
}

/// Kernels and file systems without such writes.
#[test]
fn without_durable_writes_each_frame_is_synced() {
    if inside().is_some() {
        let dir = std::env::temp_dir().join("records");
        return under_tracer(|| {
            let log = options().open(&dir).unwrap();
            log.prepare().unwrap();
            say("begin");
            (0..20u64).for_each(|i| drop(log.append_durable(&i.to_le_bytes()).unwrap().get().to_string()));
            say("end");
            log.close().unwrap();
            assert_eq!(LogReader::open(&dir).unwrap().records().map(Result::unwrap).count(), 20);
        });
    }
    let name = "log_calls::without_durable_writes_each_frame_is_synced";
    let Some(calls) = traced(name, "", &["pwritev2:error=EOPNOTSUPP"], CHANGES) else { return };
    let commits = between(&calls, "begin", "end");
    let syncs = commits.iter().filter(|call| call.contains("fdatasync(") || call.contains("fsync(")).count();
    assert_eq!(syncs, 20, "{commits:#?}");
    // Each behind its write.
    let kinds: Vec<_> =
        commits.iter().filter(|call| !call.contains("(INJECTED)")).map(|call| call.contains("sync(")).collect();
    assert!(kinds == [false, true].repeat(20), "{commits:#?}");
}

#[test]
fn a_write_that_fails_is_never_made_again() {
    if let Some(what) = inside() {
        let dir = std::env::temp_dir().join("records");
        let log = options().backend(backend(&what)).open(&dir).unwrap();
        return under_tracer(|| {
            log.prepare().unwrap();
            let mut durable = 0;
            let error = loop {
                match log.append_durable(&[1; 100]) {
                    Ok(lsn) if durable < 100 => durable = lsn.get(),
                    Ok(_) => panic!("no write has failed"),
                    Err(error) => break error,
                }
            };
            assert!(matches!(error, LogError::Poisoned(e) if e.raw_os_error() == Some(libc::EIO)));
            assert!(log.append_durable(b"x").is_err() && log.flush().is_err() && log.append(b"x").is_err());
            say("closing");
            assert!(log.close().is_err());
            say("closed");
            assert_eq!(durable, 4);
            // The one that failed may be there, or not: here it is not.
            assert_eq!(LogReader::open(&dir).unwrap().records().map(Result::unwrap).count(), 4);
        });
    }
    for what in ["inline", "threads"] {
        let name = "log_calls::a_write_that_fails_is_never_made_again";
        let Some(calls) = traced(name, what, &["pwritev2:error=EIO:when=5+"], CHANGES) else { return };
        assert_eq!(injected(&calls), 1, "{what}: {calls:#?}");
        // Memory is looked for, and no file.
        let closing = between(&calls, "closing", "closed");
        assert!(closing.iter().all(|call| call.contains("\"/proc/")), "{what}: {calls:#?}");
    }
}

/// What was not synced when the writer before it ended is synced before it is believed; where that fails, it is not.
#[test]
fn a_log_that_cannot_be_synced_is_not_opened() {
    if let Some(what) = inside() {
        let dir = std::env::temp_dir().join("records");
        let log = options().open(&dir).unwrap();
        (0..5).for_each(|i| assert!(log.append_durable(&[i]).is_ok()));
        drop(log);
        return under_tracer(|| {
            say("begin");
            let opened = options().open(&dir);
            say("end");
            match &*what {
                "fails" => {
                    assert!(
                        matches!(&opened, Err(LogError::Io(e)) if e.raw_os_error() == Some(libc::EIO)),
                        "{opened:?}"
                    );
                    // Its lock is gone with it.
                    assert_eq!(options().open(&dir).unwrap().durable_lsn().get(), 5);
                }
                _ => assert_eq!(opened.unwrap().durable_lsn().get(), 5),
            }
        });
    }
    let name = "log_calls::a_log_that_cannot_be_synced_is_not_opened";
    let Some(calls) = traced(name, "holds", &[], CHANGES) else { return };
    let opening = between(&calls, "begin", "end");
    assert!(opening.iter().any(|call| call.contains("fdatasync(") || call.contains("fsync(")), "{opening:#?}");
    let Some(calls) = traced(name, "fails", &["fdatasync:error=EIO:when=1"], CHANGES) else { return };
    assert_eq!(injected(&calls), 1);
}

#[test]
fn interrupted_writes_go_on() {
    if inside().is_some() {
        let dir = std::env::temp_dir().join("records");
        return under_tracer(|| {
            let log = options().open(&dir).unwrap();
            for i in 0..80u64 {
                assert_eq!(log.append_durable(&i.to_le_bytes()).unwrap().get(), i + 1);
            }
            log.close().unwrap();
            let found = LogReader::open(&dir).unwrap().records().map(|record| record.unwrap().data);
            assert!(found.eq((0..80u64).map(|i| i.to_le_bytes().to_vec())));
        });
    }
    let rules = ["pwritev2:error=EINTR:when=1+3", "pread64:error=EINTR:when=1+2"];
    let Some(calls) = traced("log_calls::interrupted_writes_go_on", "", &rules, "pwritev2,pread64") else { return };
    assert!(injected(&calls) > 30);
}
