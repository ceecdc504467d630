//! What comes, whole and in which order.

use bedplate::batch::SignalBatcher;
use bedplate::batch::signals::{SignalSet, Signo};
use std::process;

use crate::support::{assert_whole, limit_pending, queue_up, rt, send, sender};

crate::cases! {
    ten_thousand_real_time_signals_of_a_child_come_in_order,
    a_sender_that_tries_again_loses_nothing_to_a_small_queue,
    the_lowest_number_comes_first,
    a_signal_tells_where_it_comes_from,
}

const COUNT: i32 = 10_000;

/// Takes what a child sends and says which values came.
fn take_all(signals: &mut SignalBatcher) -> Vec<i32> {
    let mut child = sender(rt(0), COUNT);
    let mut values = Vec::new();
    while values.len() < COUNT as usize {
        let batch = signals.next_batch().unwrap();
        assert!((1..=50).contains(&batch.len()));
        for signal in batch {
            assert_eq!((signal.signo(), signal.pid(), signal.code()), (rt(0), Some(child.id()), -1));
            assert!(!signal.is_stripped());
            values.push(signal.value().expect("it was queued with one"));
        }
    }
    assert!(child.wait().unwrap().success());
    assert!(signals.try_next_batch().unwrap().is_none(), "each came once");
    values
}

fn ten_thousand_real_time_signals_of_a_child_come_in_order() {
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    assert!(take_all(&mut signals).into_iter().eq(0..COUNT));
    let stats = signals.stats();
    assert_eq!((stats.received, stats.real_time, stats.stripped), (COUNT as u64, COUNT as u64, 0));
    assert_whole(stats);
}

fn a_sender_that_tries_again_loses_nothing_to_a_small_queue() {
    limit_pending(100);
    let set = SignalSet::from([rt(0)]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    assert!(take_all(&mut signals).into_iter().eq(0..COUNT));
}

fn the_lowest_number_comes_first() {
    let set = SignalSet::from([rt(0), rt(1), Signo::USR1, Signo::USR2]);
    let _blocked = set.block().unwrap();
    for value in 0..2 {
        queue_up(rt(1), value);
        queue_up(rt(0), value);
    }
    send(Signo::USR2);
    send(Signo::USR1);
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    let batch = signals.next_batch().unwrap();
    let came: Vec<_> = batch.iter().map(|signal| (signal.signo(), signal.value())).collect();
    let queued = [(rt(0), Some(0)), (rt(0), Some(1)), (rt(1), Some(0)), (rt(1), Some(1))];
    assert_eq!(came, [&[(Signo::USR1, None), (Signo::USR2, None)], &queued[..]].concat());
    assert!(batch.contains(Signo::USR1) && !batch.contains(Signo::TERM));
    assert_whole(signals.stats());
}

fn a_signal_tells_where_it_comes_from() {
    let set = SignalSet::from([Signo::USR1, rt(0)]);
    let _blocked = set.block().unwrap();
    send(Signo::USR1);
    queue_up(rt(0), -7);
    let mut signals = SignalBatcher::builder(set).build().unwrap();
    let batch = signals.next_batch().unwrap();
    let own_user = rustix::process::getuid().as_raw();
    for signal in batch {
        assert_eq!((signal.pid(), signal.uid()), (Some(process::id()), Some(own_user)));
        assert_eq!(signal.as_bytes()[..4], signal.signo().as_raw().to_ne_bytes());
        assert_eq!((signal.child(), signal.overrun()), (None, None));
    }
    assert_eq!((batch[0].code(), batch[0].value(), batch[0].value_ptr()), (0, None, None));
    assert_eq!((batch[1].code(), batch[1].value()), (-1, Some(-7)));
    assert_eq!(batch[1].value_ptr().unwrap() as u32, -7_i32 as u32, "as the machine lays out the union");
}
