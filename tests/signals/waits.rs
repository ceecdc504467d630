//! Waiting: how long, at what price, and what does not end it.

use bedplate::batch::SignalBatcher;
use bedplate::batch::signals::{SignalSet, Signo};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};
use std::os::fd::AsFd;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::send;

crate::cases! {
    nothing_is_there_at_once,
    a_timeout_comes_neither_early_nor_never,
    a_wait_costs_no_time_of_the_cpu,
    a_wait_is_ended_by_a_signal,
    the_handler_of_another_signal_does_not_end_a_wait,
    the_file_is_readable_while_a_signal_is_pending,
}

fn usr1() -> SignalSet {
    SignalSet::from([Signo::USR1])
}

fn nothing_is_there_at_once() {
    let _blocked = usr1().block().unwrap();
    let mut signals = SignalBatcher::builder(usr1()).build().unwrap();
    assert!(signals.try_next_batch().unwrap().is_none());
    assert_eq!(signals.stats().batches, 0);
}

fn a_timeout_comes_neither_early_nor_never() {
    let _blocked = usr1().block().unwrap();
    let mut signals = SignalBatcher::builder(usr1()).build().unwrap();
    for timeout in [Duration::ZERO, Duration::from_millis(1), Duration::from_millis(30)] {
        let before = Instant::now();
        assert!(signals.next_batch_timeout(timeout).unwrap().is_none());
        assert!(before.elapsed() >= timeout);
    }
    assert_eq!(signals.stats().batches, 0);
}

fn a_wait_costs_no_time_of_the_cpu() {
    let _blocked = usr1().block().unwrap();
    let mut signals = SignalBatcher::builder(usr1()).build().unwrap();
    let used = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap();
    let before = used();
    assert!(signals.next_batch_timeout(Duration::from_secs(1)).unwrap().is_none());
    let used = used() - before;
    assert!(used < Duration::from_millis(5), "{used:?}");
}

fn a_wait_is_ended_by_a_signal() {
    let _blocked = usr1().block().unwrap();
    let mut signals = SignalBatcher::builder(usr1()).linger(Duration::ZERO).build().unwrap();
    let main = format!("/proc/self/task/{}/stat", process::id());
    thread::scope(|scope| {
        scope.spawn(|| {
            // Until the main thread sleeps.
            while !std::fs::read_to_string(&main).unwrap().contains(") S ") {
                thread::yield_now();
            }
            send(Signo::USR1);
        });
        assert_eq!(signals.next_batch().unwrap()[0].signo(), Signo::USR1);
    });
}

fn the_handler_of_another_signal_does_not_end_a_wait() {
    let _blocked = usr1().block().unwrap();
    let (tell, told) = mpsc::channel();
    ctrlc::set_handler(move || tell.send(()).unwrap()).unwrap();
    let mut signals = SignalBatcher::builder(usr1()).linger(Duration::MAX).max_items(1).build().unwrap();
    let main = format!("/proc/self/task/{}/stat", process::id());
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..3 {
                while !std::fs::read_to_string(&main).unwrap().contains(") S ") {
                    thread::yield_now();
                }
                send(Signo::INT);
                told.recv().unwrap();
            }
            send(Signo::USR1);
        });
        let batch = signals.next_batch().unwrap();
        assert_eq!(batch.iter().map(|signal| signal.signo()).collect::<Vec<_>>(), [Signo::USR1]);
    });
}

fn the_file_is_readable_while_a_signal_is_pending() {
    let _blocked = usr1().block().unwrap();
    let mut signals = SignalBatcher::builder(usr1()).build().unwrap();
    let readable = |signals: &SignalBatcher| {
        let mut fds = [PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
    };
    assert!(!readable(&signals));
    send(Signo::USR1);
    assert!(readable(&signals));
    assert!(signals.try_next_batch().unwrap().is_some());
    assert!(!readable(&signals));
}
