//! The CPUs the calling thread may run on, and the one it runs on.
#![allow(unsafe_code)] // rustix's mask stops at 1,024 CPUs, so this calls libc.

use std::ffi::c_ulong;
use std::io;

/// How many of libc's mask words make a word of 64 bits.
const PARTS: usize = u64::BITS as usize / c_ulong::BITS as usize;

/// The first size of the buffer the kernel writes a mask to: 8,192 CPUs, the most that Linux is usually built for.
const FIRST_BYTES: usize = 1024;

/// Where growing the buffer ends: no kernel has so many CPUs.
const LAST_BYTES: usize = 1 << 20;

/// The affinity mask of the calling thread: bit `i` of word `w` stands for CPU `64 * w + i`.
pub(crate) fn affinity() -> io::Result<Vec<u64>> {
    let mut bytes = FIRST_BYTES;
    loop {
        let mut mask: Vec<c_ulong> = vec![0; bytes / size_of::<c_ulong>()];
        // SAFETY: the kernel writes at most `bytes` bytes to `mask`, which has as many. Thread 0 is the caller.
        if unsafe { libc::sched_getaffinity(0, bytes, mask.as_mut_ptr().cast()) } == 0 {
            return Ok(mask.chunks(PARTS).map(joined).collect());
        }
        let error = io::Error::last_os_error();
        // The kernel says so where its own mask is the longer one.
        if error.raw_os_error() != Some(libc::EINVAL) || bytes == LAST_BYTES {
            return Err(error);
        }
        bytes *= 2;
    }
}

/// Sets the affinity of the calling thread to a mask as [`affinity`] returns it. The kernel drops CPUs that the
/// thread's control group does not allow, and says `EINVAL` where none is left.
pub(crate) fn set_affinity(words: &[u64]) -> io::Result<()> {
    let mask: Vec<c_ulong> = words.iter().flat_map(|word| parts(*word)).collect();
    // SAFETY: the kernel reads as many bytes from `mask` as it has. Thread 0 is the caller.
    match unsafe { libc::sched_setaffinity(0, size_of_val(&mask[..]), mask.as_ptr().cast()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The CPU the calling thread runs on. No system call where the C library has a faster way (rseq, vDSO).
#[inline]
pub(crate) fn current_cpu() -> usize {
    // SAFETY: the call takes nothing and touches no memory of ours.
    let cpu = unsafe { libc::sched_getcpu() };
    // It fails only on kernels without the call, older than any that Rust runs on.
    usize::try_from(cpu).unwrap_or(0)
}

/// The CPU the calling thread runs on, and the memory node of it.
pub(crate) fn current_cpu_and_node() -> io::Result<(usize, usize)> {
    let mut cpu: libc::c_uint = 0;
    let mut node: libc::c_uint = 0;
    let unused = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: the kernel writes one word to each of two places that outlive the call, and ignores the third argument.
    match unsafe { libc::syscall(libc::SYS_getcpu, &raw mut cpu, &raw mut node, unused) } {
        0 => Ok((cpu as usize, node as usize)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The major version of the hwloc library that was loaded.
#[cfg(feature = "hwloc")]
pub(crate) fn hwloc_major() -> u32 {
    // The package `hwloc2` links the library but has no name for this.
    unsafe extern "C" {
        fn hwloc_get_api_version() -> std::ffi::c_uint;
    }
    // SAFETY: every version of the library has this function, without arguments, returning an unsigned int.
    unsafe { hwloc_get_api_version() >> 16 }
}

#[expect(clippy::useless_conversion, reason = "the word is narrower on 32-bit machines")]
fn joined(parts: &[c_ulong]) -> u64 {
    parts.iter().enumerate().fold(0, |word, (i, part)| word | u64::from(*part) << (i as u32 * c_ulong::BITS))
}

fn parts(word: u64) -> impl Iterator<Item = c_ulong> {
    (0..PARTS as u32).map(move |i| (word >> (i * c_ulong::BITS)) as c_ulong)
}
