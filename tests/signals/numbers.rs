//! Which signals there are, and how they are shown.

use bedplate::batch::signals::{SignalBatcher, SignalSet, Signo, SignoError};
use std::panic::catch_unwind;

use crate::support::rt;

crate::cases! {
    what_cannot_be_taken_has_no_number,
    real_time_numbers_end_at_the_last_one,
    a_set_holds_what_was_put_in,
    a_process_is_sent_to_never_a_group,
    nonsense_is_refused_at_once,
}

fn what_cannot_be_taken_has_no_number() {
    for uncatchable in [9, 19] {
        assert_eq!(Signo::from_raw(uncatchable), Err(SignoError::Uncatchable(uncatchable)));
    }
    for fault in [11, 7, 8, 4, 5, 31] {
        assert_eq!(Signo::from_raw(fault), Err(SignoError::Fault(fault)));
    }
    for reserved in [32, 33] {
        assert_eq!(Signo::from_raw(reserved), Err(SignoError::Reserved(reserved)));
    }
    for nothing in [i32::MIN, -1, 0, 65, 128, 256 + 15, i32::MAX] {
        assert_eq!(Signo::from_raw(nothing), Err(SignoError::OutOfRange(nothing)));
    }
    let all = (1..=64).filter_map(|raw| Signo::from_raw(raw).ok());
    assert!(all.clone().all(|signo| Signo::from_raw(signo.as_raw()) == Ok(signo)));
    assert_eq!(all.count(), 64 - 2 - 6 - (rt(0).as_raw() - 32) as usize);
}

fn real_time_numbers_end_at_the_last_one() {
    assert_eq!(rt(1).as_raw(), rt(0).as_raw() + 1);
    let last = (64 - rt(0).as_raw()) as u32;
    assert_eq!(rt(last).as_raw(), 64);
    assert_eq!(Signo::rt(last + 1), Err(SignoError::OutOfRange(65)));
    assert!(Signo::rt(u32::MAX).is_err());
    assert!(rt(0).is_real_time() && !Signo::PWR.is_real_time());
}

fn a_set_holds_what_was_put_in() {
    let signals = [Signo::HUP, Signo::TERM, rt(0), rt((64 - rt(0).as_raw()) as u32)];
    let set = SignalSet::from(signals);
    assert!(set.iter().eq(signals));
    assert_eq!((set.len(), set.is_empty(), SignalSet::EMPTY.is_empty()), (4, false, true));
    assert!(signals.iter().all(|signo| set.contains(*signo)) && !set.contains(Signo::INT));
    assert_eq!(set.with(Signo::TERM), set);
    assert_eq!(SignalSet::from([Signo::TERM, rt(2)]).to_string(), "SIGTERM, SIGRTMIN+2");
}

fn a_process_is_sent_to_never_a_group() {
    for group in [0, u32::MAX, 1 << 31] {
        assert!(Signo::TERM.send(group).is_err(), "it would have ended this process: {group}");
        assert!(Signo::TERM.queue(group, 0).is_err());
    }
}

fn nonsense_is_refused_at_once() {
    let set = SignalSet::from([Signo::TERM]);
    assert!(catch_unwind(|| SignalBatcher::builder(SignalSet::EMPTY)).is_err());
    assert!(catch_unwind(|| SignalBatcher::builder(set).max_items(0)).is_err());
}
