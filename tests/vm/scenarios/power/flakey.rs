//! Disks that refuse writes, and disks that say they wrote and did not.

use std::ops::Range;
use std::thread;

use bedplate::io::{AppendLog, Backend, LogError, LogReader, Lsn};

use super::device::Device;
use super::disk::{self, Mount};
use super::{Case, modules, work};

pub const CASES: &[Case] = &[
    ("a_disk_that_refuses_writes_is_told_to_every_waiter", a_disk_that_refuses_writes_is_told_to_every_waiter),
    ("a_disk_that_lied_is_found_out", a_disk_that_lied_is_found_out),
];

const BACKENDS: [Backend; 3] = [Backend::Inline, Backend::Threads(2), Backend::Uring];

/// A device that does as it should.
fn device() -> Option<(Device, String)> {
    let log = modules::load().then(disk::log).flatten()?;
    let whole = format!("{} 0", log.display());
    Some((Device::new("flakey", &log, "linear", &whole), whole))
}

fn a_disk_that_refuses_writes_is_told_to_every_waiter() {
    const THREADS: u32 = 6;
    let Some((device, whole)) = device() else { return };
    for backend in BACKENDS {
        let mount = Mount::new(device.path());
        let dir = mount.path().join(format!("{backend:?}"));
        // The next segment is there, so that nothing but frames is written.
        let log = work::options().segment_size(1 << 20).backend(backend).open(&dir).unwrap();
        log.prepare().unwrap();
        let before = log.append_durable(&work::record(15, 0)).unwrap();
        let last = thread::scope(|s| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let log = &log;
                    s.spawn(move || {
                        let mut last = Lsn::ZERO;
                        for i in 0.. {
                            match log.append_durable(&work::record(thread, i)) {
                                Ok(lsn) => last = lsn,
                                Err(LogError::Poisoned(_)) => break,
                                Err(error) => panic!("{error}"),
                            }
                        }
                        last
                    })
                })
                .collect();
            while log.durable_lsn().get() < 60 {
                thread::yield_now();
            }
            device.load("flakey", &format!("{whole} 0 3600 1 error_writes"));
            threads.into_iter().map(|t| t.join().unwrap()).max().unwrap()
        });
        assert!(last >= before);
        for error in [log.append(b"x").unwrap_err(), log.flush().unwrap_err()] {
            assert!(matches!(error, LogError::Poisoned(_)), "{error}");
        }
        assert!(matches!(log.close(), Err(LogError::Poisoned(_))));
        device.load("linear", &whole);
        // The file system may have given up too.
        drop(mount);
        let mount = Mount::new(device.path());
        let dir = mount.path().join(format!("{backend:?}"));
        let log = work::options().open(&dir).unwrap();
        assert!(log.durable_lsn() >= last, "{}, where {last} was acknowledged", log.durable_lsn());
        assert_eq!(work::read(&dir).1, log.durable_lsn().get());
        log.append_durable(&work::record(14, 0)).unwrap();
    }
}

/// What was acknowledged and is not there, before what is, is never passed over.
fn a_disk_that_lied_is_found_out() {
    let Some((device, whole)) = device() else { return };
    for backend in BACKENDS {
        let mount = Mount::new(device.path());
        let dir = mount.path().join(format!("lied-{backend:?}"));
        // Nothing but frames is written meanwhile.
        let log = work::options().segment_size(256 << 10).backend(backend).open(&dir).unwrap();
        log.prepare().unwrap();
        let append = |numbers: Range<u32>| {
            for i in numbers {
                log.append_durable(&work::record(0, i)).unwrap();
            }
        };
        append(0..5);
        device.load("flakey", &format!("{whole} 0 3600 1 drop_writes"));
        append(5..10);
        device.load("linear", &whole);
        append(10..15);
        drop(log);
        for error in [
            work::options().open(&dir).expect_err("it must be refused"),
            AppendLog::verify(&dir).unwrap_err(),
            LogReader::open(&dir).unwrap().records().find_map(Result::err).expect("it must be refused"),
        ] {
            assert!(matches!(error, LogError::Corrupt { lsn, .. } if lsn == Lsn::new(6)), "{error}");
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
