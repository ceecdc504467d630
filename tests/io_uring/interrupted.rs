//! Signals while a ring waits.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bedplate::io::{DirectFile, Uring};

use super::alone::alone;

static RINGS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn ring_bell(_: libc::c_int) {
    RINGS.fetch_add(1, Ordering::SeqCst);
}

/// A signal every millisecond from now on, whose handler asks for no restart of what it interrupts.
fn bell() {
    let every = libc::timeval { tv_sec: 0, tv_usec: 1000 };
    let timer = libc::itimerval { it_interval: every, it_value: every };
    // SAFETY: all arguments outlive the calls; the handler adds to an atomic and does nothing else. A zero set of
    // signals and zero flags are a valid action.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ring_bell as extern "C" fn(libc::c_int) as usize;
        assert_eq!(libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()), 0);
        assert_eq!(libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()), 0);
    }
}

#[test]
fn signals_end_no_wait() {
    alone("interrupted::signals_end_no_wait", || {
        let mut ring = match Uring::builder().build::<Vec<u8>>() {
            Ok(ring) => ring,
            Err(error) => return println!("skipped: {error}"),
        };
        let (reader, mut writer) = io::pipe().unwrap();
        let reader = DirectFile::try_from(File::from(OwnedFd::from(reader))).unwrap();
        let file = ring.register_file(reader).unwrap();
        bell();
        ring.read(file, vec![0; 4], 0).unwrap();
        let begun = Instant::now();
        let most = Duration::from_millis(100);
        assert_eq!(ring.wait(1, Some(most)).unwrap(), 0);
        assert!(begun.elapsed() >= most, "{:?}", begun.elapsed());
        let before = RINGS.load(Ordering::SeqCst);
        assert!(before > 10, "{before} signals came");
        thread::scope(|s| {
            s.spawn(|| {
                while RINGS.load(Ordering::SeqCst) < before + 20 {
                    thread::yield_now();
                }
                writer.write_all(b"text").unwrap();
            });
            assert_eq!(ring.wait(1, None).unwrap(), 1);
        });
        assert!(RINGS.load(Ordering::SeqCst) >= before + 20);
        assert_eq!(ring.poll().unwrap().buffers.one().unwrap(), b"text");
        // Nor a drop.
        ring.read(file, vec![0; 4], 0).unwrap();
        ring.submit().unwrap();
        drop(ring);
    });
}
