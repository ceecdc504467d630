use crate::batch::signals::proc::{Thread, flags, pending_queue};

#[test]
fn a_status_is_read_by_the_names_of_its_lines() {
    let status =
        b"Name:\tn\xffSigBlk:\t1\nUmask:\t0022\nState:\tS (sleeping)\nSigQ:\t3/96365\nSigPnd:\t0000000000000001\n\
        SigBlk:\t8000000100004a00\nSigIgn:\t0000000000000002\n";
    let thread = Thread::parse(status).expect("all lines are there");
    assert_eq!(thread.name, "n\u{fffd}SigBlk:\t1");
    assert_eq!((thread.blocked, thread.ended), (0x8000_0001_0000_4a00, false));
}

#[test]
fn a_thread_that_has_ended_is_told_from_one_that_runs() {
    let status = |state: &str| format!("Name:\ta\nState:\t{state}\nSigBlk:\t0000000000000000\n").into_bytes();
    assert!(Thread::parse(&status("Z (zombie)")).unwrap().ended);
    assert!(Thread::parse(&status("X (dead)")).unwrap().ended);
    assert!(!Thread::parse(&status("R (running)")).unwrap().ended);
}

#[test]
fn the_flags_are_found_behind_any_name() {
    assert_eq!(flags(b"7 (a) b) 1 2 (\xff) S 1 7 7 0 -1 1077936140 103 0 0 0"), Some(1_077_936_140));
    assert_eq!(flags(b"7 (a) S 1 7"), None);
}

#[test]
fn a_status_without_a_mask_is_not_taken_for_one_that_blocks_nothing() {
    assert_eq!(Thread::parse(b"Name:\ta\nState:\tR (running)\n"), None);
    assert_eq!(Thread::parse(b"Name:\ta\nState:\tR (running)\nSigBlk:\tx\n"), None);
    assert_eq!(Thread::parse(b""), None);
}

#[test]
fn the_kernel_tells_how_full_the_queue_is() {
    let (used, limit) = pending_queue().unwrap();
    assert!(used <= limit, "{used} of {limit}");
}
