//! What `/proc/self` tells of signals.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{SignalSet, UnblockedThread};
use crate::sys::signal::{ESRCH, KERNEL_SIGRTMIN, SIGKILL, SIGSTOP};
use crate::time::{Clock, Deadline};

/// The threads that do not block all of `signals`. Some 20 us a thread, and up to [`START`] where one is just starting.
pub(super) fn unblocked_threads(signals: SignalSet) -> io::Result<Vec<UnblockedThread>> {
    let mut found = Vec::new();
    let deadline = Deadline::after(&Clock::Monotonic, START);
    for entry in fs::read_dir("/proc/self/task")? {
        let entry = entry?;
        let tid = entry.file_name().to_str().and_then(|name| name.parse().ok()).ok_or_else(unknown)?;
        if let Some(thread) = settled(&entry.path(), deadline)? {
            let missing = SignalSet::from_bits(signals.bits() & !thread.blocked);
            if !missing.is_empty() {
                found.push(UnblockedThread { tid, name: thread.name, signals: missing });
            }
        }
    }
    Ok(found)
}

/// How long to wait for the C library to give threads the mask they are to have. On two CPUs with three busy threads on
/// them, a new thread was seen to wait for more than 100 ms for its first turn (2026-11-22, the test
/// `a_thread_that_is_just_starting_is_waited_for`).
const START: Duration = Duration::from_secs(1);

/// The thread of this folder as it is when the C library is done with its mask; `None` where it takes no signals any
/// more.
///
/// While a thread is made, the C library has it block everything, and the thread that makes it too: glibc even the
/// signals that it lets nobody else block. So a thread that does not block what it should may look for a moment as if
/// it did.
fn settled(folder: &Path, deadline: Deadline) -> io::Result<Option<Thread>> {
    loop {
        let (Some(status), Some(stat)) = (read(&folder.join("status"))?, read(&folder.join("stat"))?) else {
            return Ok(None);
        };
        let thread = Thread::parse(&status).ok_or_else(unknown)?;
        let flags = flags(&stat).ok_or_else(unknown)?;
        if thread.ended || flags & EXITING != 0 {
            return Ok(None);
        }
        let in_transit = thread.blocked & EVERYTHING == EVERYTHING && flags & KERNELS_OWN == 0;
        if !in_transit || deadline.is_past(&Clock::Monotonic) {
            return Ok(Some(thread));
        }
        thread::sleep(Duration::from_micros(200));
    }
}

/// What the C library has a thread block that it makes: on musl all but the three that are its own.
const EVERYTHING: u128 = {
    let all = !(1_u64 << (SIGKILL - 1) | 1 << (SIGSTOP - 1));
    (if cfg!(target_env = "musl") { all & !(0b111 << (KERNEL_SIGRTMIN - 1)) } else { all }) as u128
};

/// `PF_EXITING` of the kernel: it gives the thread no signals any more. One that was joined is seen like this for a
/// moment.
const EXITING: u32 = 0x4;

/// `PF_IO_WORKER` and `PF_USER_WORKER`: threads of io_uring and the like, which block everything for good.
const KERNELS_OWN: u32 = 0x10 | 0x4000;

/// The file of a thread, `None` where the thread has ended.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        // The folder has gone, or it has gone since it was opened.
        Err(error) if error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many signals are pending for all processes of the user, and how many may be.
pub(super) fn pending_queue() -> io::Result<(u64, u64)> {
    let status = fs::read("/proc/self/status")?;
    field(&status, "SigQ").and_then(parse_queue).ok_or_else(unknown)
}

fn parse_queue(text: &str) -> Option<(u64, u64)> {
    let (used, limit) = text.split_once('/')?;
    Some((used.parse().ok()?, limit.parse().ok()?))
}

/// What a `status` file says of its thread.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) name: String,
    pub(super) blocked: u128,
    /// Whether it only waits to be buried, as a main thread that has ended before the others does.
    pub(super) ended: bool,
}

impl Thread {
    pub(super) fn parse(status: &[u8]) -> Option<Self> {
        // Only the name may be no UTF-8.
        let name = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"Name:\t"))?;
        let blocked = u128::from_str_radix(field(status, "SigBlk")?, 16).ok()?;
        let ended = field(status, "State")?.starts_with(['Z', 'X']);
        Some(Self { name: String::from_utf8_lossy(name).into_owned(), blocked, ended })
    }
}

/// The value on the line that begins with `name` and a colon.
fn field<'a>(status: &'a [u8], name: &str) -> Option<&'a str> {
    let line = |line: &'a [u8]| line.strip_prefix(name.as_bytes())?.strip_prefix(b":\t");
    str::from_utf8(status.split(|byte| *byte == b'\n').find_map(line)?).ok()
}

/// The flags of a thread: the ninth field of its `stat`, whose second one, in parentheses, may hold anything.
pub(super) fn flags(stat: &[u8]) -> Option<u32> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    str::from_utf8(&stat[name_end + 1..]).ok()?.split_ascii_whitespace().nth(6)?.parse().ok()
}

fn unknown() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the status of a thread has another form than expected")
}
