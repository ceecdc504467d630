use crate::suite::io::kernel_time::{KernelTime, idle, is_kernel_thread};
use std::time::Duration;

#[test]
fn a_thread_of_the_kernel_is_a_child_of_its_process_2() {
    assert!(is_kernel_thread("2 (kthreadd) S 0 0 0 0 -1 2129984 0"));
    assert!(is_kernel_thread("77 (kworker/u8:2-events) I 2 0 0 0 -1"));
    assert!(!is_kernel_thread("1234 (a) S 2 (b) S 1 1234"), "a name may look like the fields after it");
    assert!(!is_kernel_thread("22 (bash) S 1 22 22"));
    assert!(!is_kernel_thread(""));
    let this = std::fs::read_to_string("/proc/self/stat").expect("a file of the kernel");
    assert!(!is_kernel_thread(&this));
}

#[test]
fn idle_is_what_no_cpu_worked() {
    let stat =
        "cpu  100 1 10 1000 50 7 8 20 0 0\ncpu0 50 0 5 500 25 3 4 10 0 0\ncpu1 50 1 5 500 25 4 4 10 0 0\nintr 5\n";
    let tick = Duration::from_nanos(1_000_000_000 / rustix::param::clock_ticks_per_second());
    assert_eq!(idle(stat), Some((tick * 1070, 2)));
    assert_eq!(idle("intr 5\n"), None);
    assert_eq!(idle("cpu  1 2 3 4 5 6\n"), None, "no steal");
}

#[test]
fn the_kernel_takes_no_more_than_the_machine_has() {
    let before = KernelTime::now().expect("a count");
    let after = KernelTime::now().expect("a count");
    let tick = Duration::from_millis(20);
    // Two looks one after the other: milliseconds apart on an idle machine, and not a minute on a busy one.
    assert!(after.of_threads_since(&before) < Duration::from_secs(60));
    assert!(after.of_machine_since(&before) < Duration::from_secs(60) + tick);
}
