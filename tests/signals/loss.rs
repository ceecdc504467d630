//! What the kernel merges or strips, and how that is reported.

use bedplate::batch::SignalBatcher;
use bedplate::batch::signals::{SignalSet, Signo};
use std::io::ErrorKind;
use std::process;

use crate::support::{assert_whole, limit_pending, queue_up, rt, send};

crate::cases! {
    standard_signals_merge_while_they_are_pending,
    queued_standard_signals_merge_too,
    real_time_signals_report_no_loss,
    a_full_queue_refuses_what_is_queued_and_strips_what_is_sent,
    a_queue_that_was_full_is_reported,
    a_queue_that_was_not_full_is_not,
}

fn standard_signals_merge_while_they_are_pending() {
    let set = SignalSet::from([Signo::USR1]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    for _ in 0..2 {
        (0..10).for_each(|_| send(Signo::USR1));
        let batch = signals.next_batch().unwrap();
        assert_eq!(batch.len(), 1);
        let loss = batch.possible_loss();
        assert_eq!((loss.merged, loss.stripped, loss.queue_full), (set, 0, false));
        assert!(!loss.is_none());
    }
    let stats = signals.stats();
    assert_eq!((stats.received, stats.standard, stats.real_time), (2, 2, 0));
    assert_whole(stats);
}

fn queued_standard_signals_merge_too() {
    let set = SignalSet::from([Signo::USR1]);
    let _blocked = set.block().unwrap();
    (0..10).for_each(|value| queue_up(Signo::USR1, value));
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    let batch = signals.next_batch().unwrap();
    assert_eq!(batch.iter().map(|signal| signal.value()).collect::<Vec<_>>(), [Some(0)], "the first one stays");
}

fn real_time_signals_report_no_loss() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    (0..10).for_each(|_| send(rt(0)));
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    let batch = signals.next_batch().unwrap();
    assert_eq!(batch.len(), 10);
    assert!(batch.possible_loss().is_none());
}

fn a_full_queue_refuses_what_is_queued_and_strips_what_is_sent() {
    // No signal of any process of this user fits.
    limit_pending(0);
    let set = SignalSet::from([rt(0), rt(1)]);
    let _blocked = set.block().unwrap();
    let refused = rt(0).queue(process::id(), 1).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::WouldBlock, "{refused}");
    (0..10).for_each(|_| send(rt(1)));
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    let batch = signals.next_batch().unwrap();
    assert_eq!(batch.iter().map(|signal| signal.signo()).collect::<Vec<_>>(), [rt(1)], "ten became one");
    assert!(batch[0].is_stripped());
    assert_eq!((batch[0].pid(), batch[0].uid(), batch[0].value()), (None, None, None));
    let loss = batch.possible_loss();
    assert_eq!((loss.merged, loss.stripped), (SignalSet::EMPTY, 1));
    assert_eq!(signals.stats().stripped, 1);
}

fn a_queue_that_was_full_is_reported() {
    limit_pending(60);
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    let queued = (0..100).take_while(|value| rt(0).queue(process::id(), *value).is_ok()).count();
    // Other processes of the user count as well.
    assert!((50..=60).contains(&queued), "{queued}");
    assert!(signals.next_batch().unwrap().possible_loss().queue_full);
    assert!(signals.try_next_batch().unwrap().is_none_or(|batch| !batch.possible_loss().queue_full));
    assert_eq!(signals.stats().queue_full, 1);
}

fn a_queue_that_was_not_full_is_not() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    (0..50).for_each(|value| queue_up(rt(0), value));
    let batch = signals.next_batch().unwrap();
    assert_eq!(batch.len(), 50);
    assert!(batch.possible_loss().is_none());
}
