//! The log on disks that are full or fail, and within limits.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bedplate::Demand;
use bedplate::io::{AppendLog, AppendLogOptions, Backend, DirectFile, LogError, LogReader, Lsn, Preallocate};

use crate::alone::{
    allowed, become_nobody, ignore_too_long_files, in_a_process_of_its_own, inside, limit, with_mounts,
};
use crate::backends::backends;
use crate::mount::Mount;
use crate::noise::noise;
use crate::zram::Zram;

const SEGMENT: u64 = 256 << 10;

fn options(backend: Backend) -> AppendLogOptions {
    AppendLog::options().segment_size(SEGMENT).buffer_size(64 << 10).backend(backend)
}

fn data(lsn: u64) -> Vec<u8> {
    noise(1 + lsn as usize * 37 % 3000, lsn)
}

/// Records 1 to `last`, each as it was appended.
fn check(dir: &Path, last: u64) {
    let mut next = 1;
    for record in LogReader::open(dir).unwrap().records() {
        let record = record.unwrap();
        assert!((record.lsn.get(), record.data) == (next, data(next)), "{next}");
        next += 1;
    }
    assert_eq!(next, last + 1);
}

/// Leaves no space: files that have what was left.
fn fill(folder: &Path) {
    let ballast = folder.join("ballast");
    fs::create_dir(&ballast).unwrap();
    let mut step = 64 << 20;
    for number in 0.. {
        let path = ballast.join(number.to_string());
        let Ok(file) = DirectFile::options().read().write().create().open(&path) else { break };
        if let Err(error) = file.preallocate(step, Preallocate::Reserve) {
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            // What it has got it keeps: some file systems give space back later.
            step /= 2;
        }
        if step < 4096 {
            break;
        }
    }
}

fn relieve(folder: &Path) {
    fs::remove_dir_all(folder.join("ballast")).unwrap();
}

fn is_full(error: &LogError) -> bool {
    matches!(error, LogError::Io(e) if e.kind() == ErrorKind::StorageFull)
}

#[test]
fn a_log_on_a_full_disk_loses_nothing_and_goes_on_with_space() {
    with_mounts(|| {
        for mount in [Mount::ext4(8 << 20, 512), Mount::xfs(512), allowed("mount", Mount::tmpfs(8 << 20))] {
            let Some(mount) = mount else { continue };
            for backend in backends() {
                without_space(mount.path(), backend);
            }
        }
    });
}

fn without_space(folder: &Path, backend: Backend) {
    let dir = folder.join("log");
    let log = options(backend).open(&dir).unwrap();
    assert_eq!(log.append_durable(&data(1)).unwrap(), Lsn::new(1));
    log.prepare().unwrap();
    fill(folder);
    // What is ready is used; then there is nothing.
    let mut last = 1;
    let error = loop {
        match log.append_durable(&data(last + 1)) {
            Ok(lsn) => {
                last += 1;
                assert_eq!(lsn.get(), last);
            }
            Err(error) => break error,
        }
    };
    assert!(is_full(&error), "{backend:?}: {error}");
    // All of two segments at least, in frames of a sector.
    assert!(last >= 120, "{backend:?}: {last}");
    // It stays so, nothing is appended, and nothing is lost.
    assert!(is_full(&log.append(&data(last + 1)).unwrap_err()));
    assert!(is_full(&log.append_batch([data(last + 1), data(last + 2)]).unwrap_err()));
    assert!(is_full(&log.prepare().unwrap_err()));
    assert_eq!((log.next_lsn().get(), log.durable_lsn().get(), log.flush().unwrap().get()), (last + 1, last, last));
    check(&dir, last);
    // Another opens it even now.
    drop(log);
    let log = options(backend).open(&dir).unwrap();
    assert_eq!(log.durable_lsn().get(), last);
    assert!(is_full(&log.append_durable(&noise(200 << 10, 1)).unwrap_err()));
    relieve(folder);
    for _ in 0..150 {
        last += 1;
        assert_eq!(log.append_durable(&data(last)).unwrap().get(), last);
    }
    log.close().unwrap();
    check(&dir, last);
    assert_eq!(AppendLog::verify(&dir).unwrap().torn_frames, 0);
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_log_that_finds_no_space_to_begin_leaves_nothing_in_the_way() {
    with_mounts(|| {
        for mount in [Mount::ext4(8 << 20, 512), allowed("mount", Mount::tmpfs(8 << 20))] {
            let Some(mount) = mount else { continue };
            let dir = mount.path().join("log");
            fs::create_dir(&dir).unwrap();
            fs::write(dir.join("lock"), "").unwrap();
            fill(mount.path());
            for _ in 0..2 {
                let error = options(Backend::Inline).open(&dir).expect_err("there is no space");
                assert!(is_full(&error), "{error}");
            }
            relieve(mount.path());
            let log = options(Backend::Inline).open(&dir).unwrap();
            (1..=100).for_each(|lsn| assert_eq!(log.append_durable(&data(lsn)).unwrap().get(), lsn));
            check(&dir, 100);
        }
    });
}

fn is_eio(error: &LogError) -> bool {
    matches!(error, LogError::Poisoned(e) if e.raw_os_error() == Some(libc::EIO))
}

#[test]
fn a_disk_that_fails_is_told_to_everyone_and_only_once_believed() {
    with_mounts(|| {
        for direct in [Demand::Prefer, Demand::Off] {
            for backend in backends() {
                let Some(zram) = allowed("add a zram device", Zram::new(16 << 20, 2 << 20)) else { return };
                let path = zram.path();
                let number = path.to_str().unwrap().trim_start_matches("/dev/zram").to_owned();
                let Some(mount) = Mount::ext4_on(zram, &path) else { return };
                failing(&mount.path().join("log"), backend, direct, &number);
            }
        }
    });
}

fn failing(dir: &Path, backend: Backend, direct: Demand, zram: &str) {
    const THREADS: usize = 5;
    let options = || options(backend).segment_size(4 << 20).direct(direct);
    let log = options().open(dir).unwrap();
    let mut follower = log.follow(Lsn::ZERO).unwrap();
    let (tell, told) = mpsc::channel();
    let record =
        |thread: usize, i: usize| [vec![thread as u8, i as u8], noise(7000, (thread * 1000 + i) as u64)].concat();
    let (last, followed) = thread::scope(|s| {
        let following = s.spawn(move || {
            let mut last = Lsn::ZERO;
            loop {
                match follower.next() {
                    Ok(Some(record)) => last = record.lsn,
                    Ok(None) => panic!("the log has failed, not ended"),
                    Err(error) => break (last, error),
                }
            }
        });
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (log, tell) = (&log, tell.clone());
                s.spawn(move || {
                    let mut last = Lsn::ZERO;
                    let mut i = 0;
                    loop {
                        let appended = match log.append(&record(thread, i)) {
                            Ok(lsn) => lsn,
                            Err(error) => break (last, error),
                        };
                        let tell = tell.clone();
                        // Refused where the log has failed meanwhile; then the commit is too.
                        let _ = log.on_durable(appended, move |durable| drop(tell.send(durable.err())));
                        match log.commit(appended) {
                            Ok(durable) => last = last.max(durable),
                            Err(error) => break (last, error),
                        }
                        i += 1;
                    }
                })
            })
            .collect();
        let mut last = Lsn::ZERO;
        for thread in threads {
            let (acknowledged, error) = thread.join().unwrap();
            assert!(is_eio(&error), "{backend:?} {direct:?}: {error}");
            last = last.max(acknowledged);
        }
        (last, following.join().unwrap())
    });
    drop(tell);
    // Each closure was called, and those behind the end with the error.
    let errors: Vec<_> = told.iter().flatten().collect();
    assert!(!errors.is_empty() && errors.iter().all(is_eio), "{errors:?}");
    // The follower has had what is durable.
    assert!(followed.0 >= last && is_eio(&followed.1), "{followed:?} {last}");
    assert_eq!(log.durable_lsn(), followed.0);
    // With room on the disk, this log stays as it is.
    fs::write(format!("/sys/block/zram{zram}/mem_limit"), "0").unwrap();
    for error in [
        log.append(b"x").unwrap_err(),
        log.append_batch([b"x"]).unwrap_err(),
        log.append_durable(b"x").unwrap_err(),
        log.flush().unwrap_err(),
        log.commit_timeout(Lsn::new(log.next_lsn().get() - 1), Duration::from_secs(5)).unwrap_err(),
    ] {
        assert!(is_eio(&error), "{error}");
    }
    assert!(log.reader().unwrap().records().all(|record| record.is_ok()));
    assert!(is_eio(&log.close().unwrap_err()));

    // Another one finds out what is there. What the file system could not write meanwhile is told to the first that asks.
    let opened = options().open(dir).or_else(|error| match error {
        LogError::Io(e) if e.raw_os_error() == Some(libc::EIO) => options().open(dir),
        error => Err(error),
    });
    let log = opened.unwrap();
    assert!(log.durable_lsn() >= last, "{} of {last}", log.durable_lsn());
    let mut next = [0; THREADS];
    for found in log.reader().unwrap().records() {
        let found = found.unwrap().data;
        let thread = usize::from(found[0]);
        assert!(found == record(thread, next[thread]));
        next[thread] += 1;
    }
    log.append_durable(b"more").unwrap();
}

/// Frames below the limit are written; the one across it is not, and is the end.
#[test]
fn a_limit_of_the_length_of_files_poisons_where_it_cuts_a_frame() {
    in_a_process_of_its_own("log::a_limit_of_the_length_of_files_poisons_where_it_cuts_a_frame", || {
        ignore_too_long_files();
        let folder = tempfile::tempdir().unwrap();
        let logs: Vec<_> = backends()
            .into_iter()
            .map(|backend| {
                let dir = folder.path().join(format!("{backend:?}"));
                (options(backend).segment_size(128 << 10).open(&dir).unwrap(), dir)
            })
            .collect();
        // 16 sectors of 4096 and a half.
        limit(libc::RLIMIT_FSIZE, 67_584).unwrap();
        let large = AppendLog::options().segment_size(1 << 20).open(folder.path().join("large"));
        assert!(matches!(&large, Err(LogError::Io(e)) if e.kind() == ErrorKind::FileTooLarge), "{large:?}");
        for (log, dir) in logs {
            for lsn in 1..=15 {
                assert_eq!(log.append_durable(&data(lsn)).unwrap().get(), lsn);
            }
            let error = log.append_durable(&noise(3000, 16)).unwrap_err();
            assert!(matches!(&error, LogError::Poisoned(e) if e.kind() == ErrorKind::FileTooLarge), "{error:?}");
            assert_eq!(log.durable_lsn(), Lsn::new(15));
            drop(log);
            check(&dir, 15);
        }
    });
}

#[test]
fn a_log_goes_on_without_threads_that_may_not_be_started() {
    in_a_process_of_its_own("log::a_log_goes_on_without_threads_that_may_not_be_started", || {
        let folder = tempfile::tempdir().unwrap();
        // Made by who may.
        drop(options(Backend::Inline).open(folder.path()).unwrap());
        for entry in fs::read_dir(folder.path()).unwrap() {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
            fs::set_permissions(entry.unwrap().path(), mode).unwrap();
        }
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(folder.path(), mode).unwrap();
        limit(libc::RLIMIT_NPROC, 0).unwrap();
        if allowed("change the user", become_nobody()).is_none() {
            return;
        }
        let refused = options(Backend::Threads(2)).backend_demand(Demand::Require).open(folder.path());
        assert!(matches!(&refused, Err(LogError::Io(e)) if e.kind() == ErrorKind::WouldBlock), "{refused:?}");
        let log = options(Backend::Threads(2)).open(folder.path()).unwrap();
        assert_eq!(log.backend(), Backend::Inline);
        (1..=100).for_each(|lsn| assert_eq!(log.append_durable(&data(lsn)).unwrap().get(), lsn));
        check(folder.path(), 100);
    });
}

#[cfg(feature = "io-uring")]
#[test]
fn a_log_goes_on_where_the_ring_is_refused() {
    use crate::filter::{IO_URING, in_a_filtered_process};

    let name = "log::a_log_goes_on_where_the_ring_is_refused";
    in_a_filtered_process(name, &IO_URING, libc::EPERM, || {
        let folder = tempfile::tempdir().unwrap();
        let refused = options(Backend::Uring).backend_demand(Demand::Require).open(folder.path());
        assert!(matches!(refused, Err(LogError::Io(_))), "{refused:?}");
        let log = options(Backend::Uring).open(folder.path()).unwrap();
        assert_eq!(log.backend(), Backend::Inline);
        (1..=100).for_each(|lsn| assert_eq!(log.append_durable(&data(lsn)).unwrap().get(), lsn));
        check(folder.path(), 100);
    });
}

/// Any user who may read the files may read the log, and nobody is kept from it by those who do.
#[test]
fn a_reader_needs_no_right_to_write() {
    in_a_process_of_its_own("log::a_reader_needs_no_right_to_write", || {
        assert!(inside().is_some());
        let folder = tempfile::tempdir().unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), mode).unwrap();
        let log = options(Backend::Inline).open(folder.path()).unwrap();
        (1..=70).for_each(|lsn| assert_eq!(log.append_durable(&data(lsn)).unwrap().get(), lsn));
        if allowed("change the user", become_nobody()).is_none() {
            return;
        }
        check(folder.path(), 70);
        assert_eq!(AppendLog::verify(folder.path()).unwrap().records, 70);
        let refused = options(Backend::Inline).open(folder.path());
        assert!(matches!(&refused, Err(LogError::Io(e)) if e.kind() == ErrorKind::PermissionDenied), "{refused:?}");
    });
}
