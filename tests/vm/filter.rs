//! A filter of system calls, as sandboxes and containers have.
#![allow(unsafe_code)] // A filter cannot be set otherwise.

use std::ffi::c_long;
use std::io;

/// How `seccomp` names the architecture that a call was made for (`linux/audit.h`), which a filter has to look at
/// before it takes a number for a call of its own architecture.
#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xc000_00b7;

/// Where in `seccomp_data` the number and the architecture stand.
const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;

/// From now on these calls fail with `EPERM` in the calling thread and in those that it will spawn. An error where
/// filters cannot be put on.
pub fn refuse(calls: &[c_long]) -> io::Result<()> {
    let load = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    let is = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    let end = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    let allow = step(end, libc::SECCOMP_RET_ALLOW, 0, 0);
    let mut program = vec![step(load, ARCH_AT, 0, 0), step(is, ARCH, 1, 0), allow, step(load, NUMBER_AT, 0, 0)];
    for (i, call) in calls.iter().enumerate() {
        // To the last step, over those that are left and the one that allows.
        let to_end = (calls.len() - i) as u8;
        program.push(step(is, u32::try_from(*call).expect("numbers of calls are small"), to_end, 0));
    }
    program.extend([allow, step(end, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0, 0)]);
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: the first call takes numbers only; the second reads a program that lives until it returns.
    let failed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) != 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}
