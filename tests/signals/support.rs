//! What cases have in common, and the process that sends.

use std::fs;
use std::io::ErrorKind;
use std::process::{self, Child, Command};
use std::thread;

use bedplate::batch::signals::{SignalStats, Signo};

use crate::runner::Role;

pub const ROLES: &[Role] = &[("queue", queue), ("flood", flood)];

pub fn rt(n: u32) -> Signo {
    Signo::rt(n).expect("the C library has some")
}

/// Sends to the own process; no thread may have it delivered.
pub fn send(signo: Signo) {
    signo.send(process::id()).unwrap();
}

/// As [`send`], with a value.
pub fn queue_up(signo: Signo, value: i32) {
    signo.queue(process::id(), value).unwrap();
}

/// This program in another role.
pub fn role(name: &str, args: &[String]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--role", name]).args(args);
    command
}

/// A child that queues the values from zero below `count` to this process, and tries again where it is refused.
pub fn sender(signo: Signo, count: i32) -> Child {
    role("queue", &numbers(&[process::id() as i32, signo.as_raw(), count])).spawn().unwrap()
}

/// A child that queues without end.
pub fn flooder(signo: Signo) -> Child {
    role("flood", &numbers(&[process::id() as i32, signo.as_raw()])).spawn().unwrap()
}

fn numbers(numbers: &[i32]) -> Vec<String> {
    numbers.iter().map(i32::to_string).collect()
}

fn queue(args: &[String]) {
    let [pid, signo, count] = args else { panic!("three arguments") };
    let signo = Signo::from_raw(signo.parse().unwrap()).unwrap();
    (0..count.parse().unwrap()).for_each(|value| queue_or_wait(signo, pid.parse().unwrap(), value));
}

fn flood(args: &[String]) {
    let [pid, signo] = args else { panic!("two arguments") };
    let (pid, signo) = (pid.parse().unwrap(), Signo::from_raw(signo.parse().unwrap()).unwrap());
    loop {
        queue_or_wait(signo, pid, 0);
    }
}

fn queue_or_wait(signo: Signo, pid: u32, value: i32) {
    while let Err(error) = signo.queue(pid, value) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        thread::yield_now();
    }
}

/// A mask of the calling thread, or of the process, by its name in `status`.
pub fn mask(name: &str) -> u128 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
    u128::from_str_radix(line.unwrap(), 16).unwrap()
}

pub fn is_blocked(signo: Signo) -> bool {
    mask("SigBlk") >> (signo.as_raw() - 1) & 1 == 1
}

/// Whether a signal sent to the process waits to be read.
pub fn is_pending(signo: Signo) -> bool {
    mask("ShdPnd") >> (signo.as_raw() - 1) & 1 == 1
}

/// The most signals that may be pending for the user of this process, from now on.
pub fn limit_pending(signals: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(Resource::Sigpending, Rlimit { current: Some(signals), maximum: Some(signals) }).unwrap();
}

/// What holds of the figures at every moment.
pub fn assert_whole(stats: SignalStats) {
    assert_eq!(stats.received, stats.standard + stats.real_time, "{stats:?}");
    assert_eq!(stats.batches, stats.by_items + stats.by_linger + stats.by_caller + stats.by_close, "{stats:?}");
}
