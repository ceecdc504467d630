//! Programs started by a process that blocks signals, and the signal of their end.

use bedplate::batch::SignalBatcher;
use bedplate::batch::signals::{ChildChange, SignalSet, Signo};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::support::rt;

crate::cases! {
    a_program_inherits_the_mask_unless_it_is_given_its_own,
    the_end_of_a_child_is_told_with_its_status,
}

/// What a program that is started blocks.
fn blocked_in(command: &mut Command) -> u128 {
    let output = command.args(["SigBlk", "/proc/self/status"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    u128::from_str_radix(text.trim().strip_prefix("SigBlk:\t").unwrap(), 16).unwrap()
}

fn a_program_inherits_the_mask_unless_it_is_given_its_own() {
    let bit = |signo: Signo| 1_u128 << (signo.as_raw() - 1);
    let before = blocked_in(&mut Command::new("grep"));
    let _blocked = SignalSet::from([Signo::TERM, Signo::USR1, rt(3)]).block().unwrap();
    assert_eq!(blocked_in(&mut Command::new("grep")), before | bit(Signo::TERM) | bit(Signo::USR1) | bit(rt(3)));
    let given_back = SignalSet::from([Signo::TERM, rt(3)]);
    assert_eq!(blocked_in(given_back.unblock_in_child(&mut Command::new("grep"))), before | bit(Signo::USR1));
}

fn the_end_of_a_child_is_told_with_its_status() {
    let set = SignalSet::from([Signo::CHLD, Signo::TERM]);
    let _blocked = set.block().unwrap();
    let mut signals = SignalBatcher::builder(set).build().unwrap();

    let mut child = Command::new("sh").args(["-c", "exit 7"]).spawn().unwrap();
    let told = signals.next_batch().unwrap()[0];
    assert_eq!((told.signo(), told.pid(), told.child()), (Signo::CHLD, Some(child.id()), Some(ChildChange::Exited(7))));
    assert_eq!(child.wait().unwrap().code(), Some(7));

    let mut child = set.unblock_in_child(Command::new("sleep").arg("60")).spawn().unwrap();
    Signo::TERM.send(child.id()).unwrap();
    let told = signals.next_batch().unwrap()[0];
    assert_eq!((told.pid(), told.child()), (Some(child.id()), Some(ChildChange::Killed(15))));
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert!(signals.try_next_batch().unwrap().is_none());
}
