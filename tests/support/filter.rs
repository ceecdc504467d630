//! A filter of system calls, as sandboxes and containers have.
#![allow(unsafe_code)] // A filter cannot be set otherwise.
#![allow(dead_code)] // Who includes it uses a part.

use std::ffi::c_long;
use std::io;

/// How `seccomp` names the architecture that a call was made for (`linux/audit.h`), which a filter has to look at
/// before it takes a number for a call of its own architecture.
#[cfg(target_arch = "x86_64")]
const ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCH: u32 = 0xc000_00b7;

/// Where in `seccomp_data` the number, the architecture and the first argument stand.
const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;

/// Whom a filter is put on.
#[derive(Clone, Copy)]
pub enum On {
    /// The calling thread, and those that it will spawn.
    ThisThread,
    /// All threads of the process.
    Everybody,
}

/// A call that is refused.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    call: c_long,
    /// Only with one of these bits in the argument of that number, counted from 0.
    bits: Option<(u32, u32)>,
}

impl Rule {
    pub const fn call(call: c_long) -> Self {
        Self { call, bits: None }
    }

    pub const fn with_bits(call: c_long, argument: u32, bits: u32) -> Self {
        Self { call, bits: Some((argument, bits)) }
    }
}

/// From now on these calls fail with `EPERM` in the calling thread and in those that it will spawn. An error where
/// filters cannot be put on.
pub fn refuse(calls: &[c_long]) -> io::Result<()> {
    let rules: Vec<_> = calls.iter().copied().map(Rule::call).collect();
    refuse_with(&rules, libc::EPERM, On::ThisThread)
}

/// As [`refuse`], of any rules, with any error and for any threads.
pub fn refuse_with(rules: &[Rule], errno: i32, on: On) -> io::Result<()> {
    let load = |at| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at, 0, 0);
    let end = |with| step(libc::BPF_RET | libc::BPF_K, with, 0, 0);
    let is = |k, jt, jf| step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k, jt, jf);
    let mut program = vec![load(ARCH_AT), is(ARCH, 1, 0), end(libc::SECCOMP_RET_ALLOW), load(NUMBER_AT)];
    for rule in rules {
        let call = u32::try_from(rule.call).expect("numbers of calls are small");
        let refusal = end(libc::SECCOMP_RET_ERRNO | errno as u32);
        match rule.bits {
            None => program.extend([is(call, 0, 1), refusal]),
            Some((argument, bits)) => program.extend([
                is(call, 0, 3),
                load(ARGUMENTS_AT + argument * 8),
                step(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, bits, 0, 1),
                refusal,
            ]),
        }
        program.push(load(NUMBER_AT));
    }
    program.push(end(libc::SECCOMP_RET_ALLOW));
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

fn step(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt, jf, k }
}
