//! A filter of system calls that refuses some, as container runtimes and sandboxes put on.

use std::os::unix::process::CommandExt;

use crate::alone;
pub use crate::seccomp::Rule;
use crate::seccomp::{On, refuse_with};

/// What container runtimes refuse of io_uring: all of it.
#[cfg(feature = "io-uring")]
pub const IO_URING: [Rule; 3] = [
    Rule::call(libc::SYS_io_uring_setup),
    Rule::call(libc::SYS_io_uring_enter),
    Rule::call(libc::SYS_io_uring_register),
];

/// Runs `test` in a process of its own, this program called again for the test of this name, in which these calls have
/// failed with `errno` from its start: some things are found out once.
pub fn in_a_filtered_process(name: &str, rules: &[Rule], errno: i32, test: impl FnOnce() + Send) {
    match alone::inside().as_deref() {
        None => alone::run(alone::again(name, "unfiltered")),
        Some("unfiltered") => match refuse_with(rules, errno, On::Everybody) {
            Ok(()) => panic!("{}", alone::again(name, "filtered").exec()),
            Err(error) => println!("skipped: no filter of system calls can be put on here: {error}"),
        },
        Some(_) => alone::in_a_thread_of_its_own(test),
    }
}
