//! A filter of system calls that refuses `membarrier`, as sandboxes do.

use std::io;

/// Whom a filter is put on.
#[derive(Clone, Copy)]
pub enum On {
    /// The calling thread, and those that it will spawn.
    ThisThread,
    /// All threads of the process.
    Everybody,
}

/// How `seccomp` names the architecture that a call was made for (`linux/audit.h`), which a filter has to look at before it
/// takes a number for a call of its own architecture.
#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xc000_00b7;

/// Where in `seccomp_data` the number and the architecture stand.
const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;

/// From now on `membarrier` fails with `EPERM`. An error where filters cannot be put on.
pub fn refuse_membarrier(on: On) -> io::Result<()> {
    let load = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    let is = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    let end = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    let mut program = [
        step(load, ARCH_AT, 0, 0),
        step(is, ARCH, 0, 2),
        step(load, NUMBER_AT, 0, 0),
        step(is, libc::SYS_membarrier as u32, 1, 0),
        step(end, libc::SECCOMP_RET_ALLOW, 0, 0),
        step(end, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0, 0),
    ];
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    let flags = match on {
        On::ThisThread => 0,
        On::Everybody => libc::SECCOMP_FILTER_FLAG_TSYNC,
    };
    // SAFETY: the first call takes numbers only; the second reads a program that lives until it returns.
    let failed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) != 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether `membarrier` is there and allowed.
pub fn has_membarrier() -> bool {
    /// `MEMBARRIER_CMD_QUERY` (`linux/membarrier.h`), which does nothing.
    const QUERY: i32 = 0;
    // SAFETY: takes numbers only.
    unsafe { libc::syscall(libc::SYS_membarrier, QUERY, 0, 0) >= 0 }
}
