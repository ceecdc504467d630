//! The guard: what it blocks, what it restores, and what happens to signals that are pending then.

use bedplate::batch::SignalBatcher;
use bedplate::batch::signals::{SignalSet, Signo};
use std::os::unix::process::ExitStatusExt;
use std::panic::catch_unwind;
use std::thread;

use crate::runner::Role;
use crate::support::{is_blocked, is_pending, mask, role, rt, send};

crate::cases! {
    a_guard_blocks_and_its_drop_restores,
    a_panic_restores,
    nested_guards_restore_what_they_found,
    guards_of_different_signals_end_in_any_order,
    threads_inherit_what_is_blocked,
    a_restored_mask_lets_pending_signals_act,
    a_forgotten_guard_keeps_them_pending,
}

pub const ROLES: &[Role] = &[("dropped", |_| pending(drop)), ("forgotten", |_| pending(std::mem::forget))];

/// Has a signal pending when the guard ends in one way or another.
fn pending(end: fn(bedplate::batch::signals::BlockedSignals)) {
    let set = SignalSet::from([Signo::USR1]);
    let blocked = set.block().unwrap();
    let signals = SignalBatcher::builder(set).build().unwrap();
    send(Signo::USR1);
    // It stays pending.
    drop(signals);
    assert!(is_pending(Signo::USR1));
    end(blocked);
}

fn a_guard_blocks_and_its_drop_restores() {
    let before = mask("SigBlk");
    let signals = [Signo::TERM, Signo::USR1, rt(0), rt(5)];
    let set = SignalSet::from(signals);
    let blocked = set.block().unwrap();
    assert_eq!(blocked.signals(), set);
    let bits = signals.iter().fold(before, |bits, signo| bits | 1 << (signo.as_raw() - 1));
    assert_eq!(mask("SigBlk"), bits);
    drop(blocked);
    assert_eq!(mask("SigBlk"), before);
}

fn a_panic_restores() {
    let before = mask("SigBlk");
    let caught = catch_unwind(|| {
        let _blocked = SignalSet::from([Signo::TERM]).block().unwrap();
        let _signals = SignalBatcher::builder(SignalSet::from([Signo::TERM])).build().unwrap();
        assert!(!is_blocked(Signo::TERM), "it is blocked, so this panics");
    });
    assert!(caught.is_err());
    assert_eq!(mask("SigBlk"), before);
}

fn nested_guards_restore_what_they_found() {
    let _outer = SignalSet::from([Signo::TERM]).block().unwrap();
    let inner = SignalSet::from([Signo::TERM, Signo::INT]).block().unwrap();
    drop(inner);
    assert!(is_blocked(Signo::TERM) && !is_blocked(Signo::INT));
}

fn guards_of_different_signals_end_in_any_order() {
    let first = SignalSet::from([Signo::TERM]).block().unwrap();
    let second = SignalSet::from([Signo::INT]).block().unwrap();
    drop(first);
    assert!(!is_blocked(Signo::TERM) && is_blocked(Signo::INT));
    drop(second);
    assert!(!is_blocked(Signo::INT));
}

fn threads_inherit_what_is_blocked() {
    let blocked = SignalSet::from([Signo::TERM]).block().unwrap();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let _ = goes_on.recv();
        is_blocked(Signo::TERM)
    });
    drop(blocked);
    drop(go_on);
    assert!(thread.join().unwrap(), "the guard restores its own thread only");
}

fn a_restored_mask_lets_pending_signals_act() {
    let status = role("dropped", &[]).status().unwrap();
    assert_eq!(status.signal(), Some(Signo::USR1.as_raw()), "{status}");
}

fn a_forgotten_guard_keeps_them_pending() {
    let status = role("forgotten", &[]).status().unwrap();
    assert!(status.success(), "{status}");
}
