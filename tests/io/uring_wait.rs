//! How a ring waits, and how it is waited for.

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bedplate::topo::{CpuSet, allowed_cpus, pin_current};
use rustix::event::{PollFd, PollFlags, epoll, poll};
use tempfile::tempdir;

use super::uring_support::{buffered, next, one, pipe, ring};

#[test]
fn a_wait_ends_with_what_there_is_when_its_time_is_over() {
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let (file, mut writer) = pipe(&mut ring);
    assert_eq!(ring.wait(3, None).unwrap(), 0, "of nothing there is nothing to wait for");
    for _ in 0..3 {
        ring.read(file, vec![0; 1], 0).unwrap();
    }
    let begun = Instant::now();
    assert_eq!(ring.wait(1, Some(Duration::from_millis(20))).unwrap(), 0);
    assert!(begun.elapsed() >= Duration::from_millis(20), "{:?}", begun.elapsed());
    writer.write_all(b"ab").unwrap();
    // More than are in flight is as many as there are; two come, and the third does not.
    assert_eq!(ring.wait(100, Some(Duration::from_millis(20))).unwrap(), 2);
    assert_eq!(ring.wait(2, None).unwrap(), 2, "they are there already");
    writer.write_all(b"c").unwrap();
    assert_eq!(ring.wait(100, None).unwrap(), 3);
    let mut text: Vec<u8> = (0..3).map(|_| one(ring.poll().unwrap()).1[0]).collect();
    text.sort_unstable();
    assert_eq!(text, b"abc");
    assert!(ring.poll().is_none());
}

#[test]
fn no_time_at_all_is_a_look() {
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let (file, mut writer) = pipe(&mut ring);
    ring.read(file, vec![0; 1], 0).unwrap();
    assert_eq!(ring.wait(1, Some(Duration::ZERO)).unwrap(), 0);
    writer.write_all(b"a").unwrap();
    assert_eq!(ring.wait(1, Some(Duration::ZERO)).unwrap(), 1);
    assert_eq!(ring.wait(0, None).unwrap(), 1);
    assert_eq!(next(&mut ring).result.unwrap(), 1);
    // As long as one likes.
    ring.read(file, vec![0; 1], 0).unwrap();
    ring.submit().unwrap();
    writer.write_all(b"b").unwrap();
    assert_eq!(ring.wait(1, Some(Duration::MAX)).unwrap(), 1);
}

#[test]
fn a_poll_brings_what_was_submitted() {
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let (file, mut writer) = pipe(&mut ring);
    writer.write_all(b"ab").unwrap();
    ring.read(file, vec![0; 1], 0).unwrap();
    assert!(ring.poll().is_none(), "nothing was submitted yet");
    assert_eq!(ring.submit().unwrap(), 1);
    let calls = ring.stats().enters;
    assert_eq!(ring.poll().unwrap().result.unwrap(), 1);
    assert!(ring.poll().is_none());
    assert_eq!(ring.stats().enters, calls, "nothing was left for a call of the kernel");
    // One that waits in the kernel is brought there by the writer, and told by a flag.
    ring.read(file, vec![0; 1], 0).unwrap();
    ring.submit().unwrap();
    ring.read(file, vec![0; 1], 0).unwrap();
    ring.submit().unwrap();
    writer.write_all(b"c").unwrap();
    assert_eq!((0..2).filter_map(|_| ring.poll()).count(), 2);
}

/// A completion that comes while its thread computes waits for it to enter the kernel, and says so by a flag.
#[test]
fn a_thread_that_computes_is_told_by_a_flag() {
    let cpus: Vec<_> = allowed_cpus().unwrap().iter().take(2).map(CpuSet::single).collect();
    let [mine, its] = &cpus[..] else { return println!("skipped: one CPU runs one thread at a time") };
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    if !ring.effective().cooperative {
        return println!("skipped: this kernel interrupts the thread");
    }
    let (file, mut writer) = pipe(&mut ring);
    let begun = AtomicU64::new(0);
    thread::scope(|s| {
        s.spawn(|| {
            let _pinned = pin_current(its).unwrap();
            for round in 1..=200 {
                while begun.load(Ordering::Acquire) < round {
                    thread::yield_now();
                }
                writer.write_all(b"x").unwrap();
            }
        });
        let _pinned = pin_current(mine).unwrap();
        for _ in 0..200 {
            ring.read(file, vec![0; 1], 0).unwrap();
            ring.submit().unwrap();
            begun.fetch_add(1, Ordering::Release);
            let done = loop {
                match ring.poll() {
                    Some(done) => break done,
                    None => std::hint::spin_loop(),
                }
            };
            assert_eq!(one(done).1, b"x");
        }
    });
    let told = ring.stats().enters - 200;
    println!("{told} calls for 200 completions, the others came by an interrupt");
    assert!(told > 0);
}

#[test]
fn the_eventfd_is_readable_when_completions_have_come() {
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let (file, mut writer) = pipe(&mut ring);
    let event = ring.eventfd().unwrap().try_clone_to_owned().unwrap();
    let again = ring.eventfd().unwrap().as_raw_fd();
    assert_eq!(ring.eventfd().unwrap().as_raw_fd(), again, "one for all calls");
    let readable = |timeout: i64| {
        let timeout = rustix::event::Timespec { tv_sec: timeout, tv_nsec: 0 };
        loop {
            match poll(&mut [PollFd::new(&event.as_fd(), PollFlags::IN)], Some(&timeout)) {
                Err(rustix::io::Errno::INTR) => {}
                result => break result.unwrap() > 0,
            }
        }
    };
    let read = || rustix::io::read(&event, &mut [0_u8; 8]);
    for text in [b"a", b"b"] {
        ring.read(file, vec![0; 1], 0).unwrap();
        ring.submit().unwrap();
        assert!(!readable(0));
        assert_eq!(read(), Err(rustix::io::Errno::AGAIN));
        writer.write_all(text).unwrap();
        assert!(readable(10), "it is not told");
        assert!(readable(0), "readable until it is read");
        assert_eq!(read(), Ok(8));
        assert_eq!(one(ring.poll().unwrap()).1, text);
        assert!(ring.poll().is_none() && !readable(0));
    }
    let closed = event.as_fd();
    drop(ring);
    assert_eq!(rustix::io::read(closed, &mut [0_u8; 8]), Err(rustix::io::Errno::AGAIN), "a copy outlives the ring");
}

/// Not by a look at the file: by what the kernel does for a thread that waits for other things.
#[test]
fn a_thread_that_sleeps_is_woken_by_the_eventfd() {
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let (file, mut writer) = pipe(&mut ring);
    let event = ring.eventfd().unwrap().try_clone_to_owned().unwrap();
    let sleeper = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    epoll::add(&sleeper, &event, epoll::EventData::new_u64(0), epoll::EventFlags::IN).unwrap();
    let mut interrupted = 0;
    for _ in 0..20 {
        ring.read(file, vec![0; 1], 0).unwrap();
        ring.submit().unwrap();
        thread::scope(|s| {
            s.spawn(|| {
                thread::sleep(Duration::from_millis(1)); // so that it does sleep, mostly
                writer.write_all(b"x").unwrap();
            });
            let most = rustix::event::Timespec { tv_sec: 20, tv_nsec: 0 };
            let mut events = [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }];
            loop {
                match epoll::wait(&sleeper, &mut events[..], Some(&most)) {
                    Err(rustix::io::Errno::INTR) => interrupted += 1,
                    readable => break assert_eq!(readable, Ok(1)),
                }
            }
        });
        rustix::io::read(&event, &mut [0_u8; 8]).unwrap();
        assert_eq!(one(ring.poll().unwrap()).1, b"x");
    }
    println!("the sleep was interrupted {interrupted} times");
}

#[test]
fn reads_that_block_do_not_keep_others() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "text").unwrap();
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let (blocked, mut writer) = pipe(&mut ring);
    let file = ring.register_file(buffered(&path)).unwrap();
    ring.read(blocked, vec![0; 1], 0).unwrap();
    for _ in 0..100 {
        ring.read(file, vec![0; 4], 0).unwrap();
        assert_eq!(one(next(&mut ring)).1, b"text");
    }
    writer.write_all(b"x").unwrap();
    assert_eq!(one(next(&mut ring)).1, b"x");
    let mut rest = String::new();
    std::fs::File::open(path).unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "text");
}
