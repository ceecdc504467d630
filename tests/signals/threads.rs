//! The check that every thread blocks the signals, and which signals of threads a batcher sees.

use bedplate::batch::SignalBatcher;
use bedplate::batch::signals::{SignalBatcherError, SignalSet, Signo, UnblockedThread};
use std::io::{self, Write};
use std::process;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::support::{rt, send};

crate::cases! {
    a_thread_that_does_not_block_is_named,
    the_main_thread_is_looked_at_too,
    only_what_is_missing_is_told,
    a_thread_that_is_just_starting_is_waited_for,
    a_thread_that_has_ended_is_no_obstacle,
    a_thread_found_later_is_told_by_a_recheck,
    the_check_can_be_left_out,
    signals_of_other_threads_stay_theirs,
}

/// A thread that goes on until the sender is dropped. It runs, or it would not have its name yet.
fn careless() -> (JoinHandle<()>, Sender<()>) {
    let (thread, go_on, runs) = starting();
    runs.recv().unwrap();
    (thread, go_on)
}

/// As [`careless`], but it may not run yet.
fn starting() -> (JoinHandle<()>, Sender<()>, Receiver<()>) {
    let (go_on, goes_on) = mpsc::channel();
    let (run, runs) = mpsc::channel();
    let until_dropped = move || {
        let _ = run.send(());
        let _ = goes_on.recv();
    };
    (thread::Builder::new().name("careless".into()).spawn(until_dropped).unwrap(), go_on, runs)
}

fn unblocked(error: SignalBatcherError) -> Vec<UnblockedThread> {
    match error {
        SignalBatcherError::Unblocked(threads) => threads,
        other => panic!("{other}"),
    }
}

fn a_thread_that_does_not_block_is_named() {
    let set = SignalSet::from([Signo::TERM, rt(0)]);
    let (thread, go_on) = careless();
    let _blocked = set.block().unwrap();
    let refused = SignalBatcher::builder(set).build().unwrap_err();
    let text = refused.to_string();
    let [found] = &unblocked(refused)[..] else { panic!("one thread: {text}") };
    assert_eq!((found.name.as_str(), found.signals), ("careless", set));
    assert_ne!(found.tid, process::id());
    let expected = format!("signals are not blocked in every thread: {} \"careless\" (SIGTERM, SIGRTMIN+0)", found.tid);
    assert_eq!(text, expected);
    drop(go_on);
    thread.join().unwrap();
    assert!(SignalBatcher::builder(set).build().is_ok());
}

fn the_main_thread_is_looked_at_too() {
    let set = SignalSet::from([Signo::TERM]);
    let (tell, told) = mpsc::channel();
    // Only this one blocks.
    let thread = thread::spawn(move || {
        let _blocked = set.block().unwrap();
        tell.send(SignalBatcher::builder(set).build().unwrap_err()).unwrap();
    });
    let [found] = &unblocked(told.recv().unwrap())[..] else { panic!("one thread") };
    assert_eq!(found.tid, process::id());
    thread.join().unwrap();
}

fn only_what_is_missing_is_told() {
    let _blocked = SignalSet::from([Signo::TERM]).block().unwrap();
    let refused = SignalBatcher::builder(SignalSet::from([Signo::TERM, Signo::INT])).build().unwrap_err();
    let [found] = &unblocked(refused)[..] else { panic!("one thread") };
    assert_eq!(found.signals, SignalSet::from([Signo::INT]));
}

fn a_thread_that_is_just_starting_is_waited_for() {
    let set = SignalSet::from([Signo::TERM]);
    for round in 0..300 {
        let (thread, go_on, _) = starting();
        let _blocked = set.block().unwrap();
        // The C library has the thread block everything until it runs.
        assert!(SignalBatcher::builder(set).build().is_err(), "round {round}");
        drop(go_on);
        thread.join().unwrap();
    }
}

fn a_thread_that_has_ended_is_no_obstacle() {
    let set = SignalSet::from([Signo::TERM]);
    for _ in 0..100 {
        let (threads, go_on): (Vec<_>, Vec<_>) = (0..8).map(|_| careless()).unzip();
        let _blocked = set.block().unwrap();
        drop(go_on);
        // The kernel may still be burying one when this returns.
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        SignalBatcher::builder(set).build().unwrap();
    }
}

fn a_thread_found_later_is_told_by_a_recheck() {
    let set = SignalSet::from([Signo::TERM]);
    let (thread, go_on) = careless();
    let _blocked = set.block().unwrap();
    let signals = SignalBatcher::builder(set).assume_blocked().build().unwrap();
    assert_eq!(unblocked(signals.recheck().unwrap_err())[0].name, "careless");
    drop(go_on);
    thread.join().unwrap();
    signals.recheck().unwrap();
}

fn the_check_can_be_left_out() {
    let set = SignalSet::from([Signo::USR1]);
    let (thread, go_on) = careless();
    let _blocked = set.block().unwrap();
    assert!(SignalBatcher::builder(set).build().is_err());
    assert!(SignalBatcher::builder(set).assume_blocked().build().is_ok());
    drop(go_on);
    thread.join().unwrap();
}

fn signals_of_other_threads_stay_theirs() {
    let set = SignalSet::from([Signo::PIPE]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    let break_a_pipe = || {
        let (reader, mut writer) = io::pipe().unwrap();
        drop(reader);
        assert!(writer.write_all(b"x").is_err());
    };
    thread::spawn(break_a_pipe).join().unwrap();
    assert!(signals.try_next_batch().unwrap().is_none(), "it was directed at the other thread");
    break_a_pipe();
    assert_eq!(signals.try_next_batch().unwrap().expect("directed at this one").len(), 1);
    send(Signo::PIPE);
    assert_eq!(signals.try_next_batch().unwrap().expect("sent to the process").len(), 1);
}
