//! Signals: the mask of a thread, `signalfd`, sending.
#![allow(unsafe_code)] // rustix has neither masks nor signalfd, so this calls libc.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;
use std::slice;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{Errno, retry_on_intr};

pub(crate) use libc::{
    CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, CLD_TRAPPED, ESRCH, SI_MESGQ, SI_QUEUE, SI_TIMER,
    SI_TKILL, SI_USER, SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGIO, SIGKILL,
    SIGPIPE, SIGPROF, SIGPWR, SIGQUIT, SIGRTMAX, SIGRTMIN, SIGSEGV, SIGSTOP, SIGSYS, SIGTERM, SIGTRAP, SIGTSTP,
    SIGTTIN, SIGTTOU, SIGURG, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ,
};

/// The lowest signal that the kernel queues. Some between this and [`SIGRTMIN`] are the C library's own.
pub(crate) const KERNEL_SIGRTMIN: c_int = 32;

/// What the kernel tells of a signal: `struct signalfd_siginfo`, every byte of it named.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Info {
    pub(crate) signo: u32,
    pub(crate) errno: i32,
    pub(crate) code: i32,
    pub(crate) pid: u32,
    pub(crate) uid: u32,
    pub(crate) fd: i32,
    pub(crate) tid: u32,
    pub(crate) band: u32,
    pub(crate) overrun: u32,
    pub(crate) trapno: u32,
    pub(crate) status: i32,
    pub(crate) int: i32,
    pub(crate) ptr: u64,
    pub(crate) utime: u64,
    pub(crate) stime: u64,
    pub(crate) addr: u64,
    pub(crate) addr_lsb: u16,
    pub(crate) pad: u16,
    pub(crate) syscall: i32,
    pub(crate) call_addr: u64,
    pub(crate) arch: u32,
    pub(crate) rest: [u32; 7],
}

const _: () = assert!(size_of::<Info>() == size_of::<libc::signalfd_siginfo>() && size_of::<Info>() == 128);

impl Info {
    /// The bytes as the kernel wrote them.
    pub(crate) fn as_bytes(&self) -> &[u8; 128] {
        // SAFETY: as many bytes as the size asserted above, of integers that leave no gap between them (their sizes
        // sum up to 128), so that all are initialised; bytes need no alignment. They are borrowed from `self`.
        unsafe { &*ptr::from_ref(self).cast() }
    }
}

/// What a wait ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// A signal is there to be read.
    Signal,
    /// The bell was rung, whether or not a signal is there.
    Bell,
    /// The time is up, or a handler ran; the caller looks at its clock.
    Nothing,
}

/// The signals whose bits (number minus one) are set, as libc has them.
fn set_of(bits: u128) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises what it is given room for.
    let mut set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    };
    for signo in numbers(bits) {
        // SAFETY: the set is initialised, and numbers it has no room for are refused, not written.
        unsafe { libc::sigaddset(&raw mut set, signo) };
    }
    set
}

fn numbers(bits: u128) -> impl Iterator<Item = c_int> {
    (0..u128::BITS).filter(move |bit| bits >> bit & 1 == 1).map(|bit| bit as c_int + 1)
}

fn change_mask(how: c_int, set: &libc::sigset_t) -> io::Result<libc::sigset_t> {
    let mut old = MaybeUninit::uninit();
    // SAFETY: both pointers are to sets that outlive the call, and the call fills the second one where it succeeds.
    match unsafe { libc::pthread_sigmask(how, set, old.as_mut_ptr()) } {
        // SAFETY: as said.
        0 => Ok(unsafe { old.assume_init() }),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// Blocks signals in the calling thread; returns those that were not blocked before.
pub(crate) fn block(bits: u128) -> io::Result<u128> {
    let old = change_mask(libc::SIG_BLOCK, &set_of(bits))?;
    // SAFETY: the set is initialised; numbers it has no room for are answered with an error.
    let was_blocked = |signo: c_int| unsafe { libc::sigismember(&raw const old, signo) } == 1;
    Ok(numbers(bits).filter(|signo| !was_blocked(*signo)).fold(0, |new, signo| new | 1 << (signo - 1)))
}

/// Unblocks signals in the calling thread. Those that are pending are delivered before this returns.
pub(crate) fn unblock(bits: u128) -> io::Result<()> {
    change_mask(libc::SIG_UNBLOCK, &set_of(bits)).map(drop)
}

/// Has the process that `command` starts unblock signals before it executes the program.
pub(crate) fn unblock_in_child(command: &mut Command, bits: u128) {
    let set = set_of(bits);
    // SAFETY: the closure runs between fork and exec. It makes one call, which may be made in a signal handler and so
    // there; it takes no lock, and neither the set nor an error of this kind is on the heap.
    unsafe { command.pre_exec(move || change_mask(libc::SIG_UNBLOCK, &set).map(drop)) };
}

/// A file to read signals from; not blocking, closed on exec.
pub(crate) fn open(bits: u128) -> io::Result<OwnedFd> {
    // SAFETY: the set outlives the call, and -1 asks for a new file.
    match unsafe { libc::signalfd(-1, &set_of(bits), libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the kernel made this descriptor just now, and nobody else has it.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

/// Takes pending signals, as many as there is room for; says how many it took, zero where none is pending.
pub(crate) fn read(fd: BorrowedFd<'_>, into: &mut [Info]) -> io::Result<usize> {
    // SAFETY: `Info` is integers without gaps, so its bytes are initialised, and any bytes written to them are valid.
    // `into` is borrowed mutably for as long.
    let bytes = unsafe { slice::from_raw_parts_mut(into.as_mut_ptr().cast::<u8>(), size_of_val(into)) };
    match retry_on_intr(|| rustix::io::read(fd, &mut *bytes)) {
        // The kernel writes whole records.
        Ok(n) => Ok(n / size_of::<Info>()),
        Err(Errno::AGAIN) => Ok(0),
        Err(e) => Err(e.into()),
    }
}

/// Sleeps until a signal is pending or the bell is rung, up to `timeout`.
pub(crate) fn wait(fd: BorrowedFd<'_>, bell: Option<BorrowedFd<'_>>, timeout: Option<Duration>) -> io::Result<Wait> {
    let timeout = timeout
        .map(|t| Timespec { tv_sec: i64::try_from(t.as_secs()).unwrap_or(i64::MAX), tv_nsec: t.subsec_nanos().into() });
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN), PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    let count = match bell {
        Some(bell) => {
            fds[1] = PollFd::from_borrowed_fd(bell, PollFlags::IN);
            2
        }
        None => 1,
    };
    match poll(&mut fds[..count], timeout.as_ref()) {
        Ok(0) | Err(Errno::INTR) => Ok(Wait::Nothing),
        Ok(_) if count == 2 && !fds[1].revents().is_empty() => Ok(Wait::Bell),
        Ok(_) => Ok(Wait::Signal),
        Err(e) => Err(e.into()),
    }
}

/// A file that [`ring`] makes readable.
pub(crate) fn bell() -> io::Result<OwnedFd> {
    Ok(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?)
}

/// Rings a bell; it rings on.
pub(crate) fn ring(bell: impl AsFd) {
    // It is refused only where the bell has been rung 2^64 - 2 times, and rings then.
    let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
}

/// How many signals may be pending for all processes of the user together; `u64::MAX` where there is no limit.
pub(crate) fn pending_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the call writes one such struct, which outlives it. Where it fails, what is there stays: no limit.
    unsafe { libc::getrlimit(libc::RLIMIT_SIGPENDING, &raw mut limit) };
    limit.rlim_cur
}

/// Sends a signal to a process.
pub(crate) fn send(pid: u32, signo: c_int) -> io::Result<()> {
    // SAFETY: the call takes two numbers and touches no memory of ours.
    check(unsafe { libc::kill(one_process(pid)?, signo) })
}

/// Sends a signal to a process with a value.
pub(crate) fn queue(pid: u32, signo: c_int, value: c_int) -> io::Result<()> {
    // The argument is a union of a pointer and a number, both of which begin at its first byte.
    let mut word = [0; size_of::<usize>()];
    word[..size_of::<c_int>()].copy_from_slice(&value.to_ne_bytes());
    let value = libc::sigval { sival_ptr: ptr::without_provenance_mut::<c_void>(usize::from_ne_bytes(word)) };
    // SAFETY: the call takes three words by value, and nobody follows the last one.
    check(unsafe { libc::sigqueue(one_process(pid)?, signo, value) })
}

/// Zero and what is negative to the kernel stand for groups of processes.
fn one_process(pid: u32) -> io::Result<libc::pid_t> {
    match libc::pid_t::try_from(pid) {
        Ok(pid) if pid != 0 => Ok(pid),
        _ => Err(io::Error::from_raw_os_error(ESRCH)),
    }
}

fn check(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
