//! The CPUs that threads may run on, and the one that the calling thread runs on.
#![allow(unsafe_code)] // rustix's mask stops at 1,024 CPUs, so this calls libc.

use std::ffi::{c_int, c_long, c_uint, c_ulong};
use std::io;
#[cfg(all(target_env = "gnu", not(target_feature = "crt-static")))]
use std::sync::OnceLock;

/// The size of the buffer on the stack that the kernel writes a mask to: 8,192 CPUs, the most that Linux is usually
/// built for.
const STACK_WORDS: usize = 128;

/// Where growing the buffer ends, in words: no kernel has so many CPUs.
const LAST_WORDS: usize = 1 << 17;

/// The kernel's words are half as long there, and the first one is the upper half of ours.
const HALVES_SWAPPED: bool = cfg!(all(target_endian = "big", target_pointer_width = "32"));

/// What the kernel says where the mask that it reads has no CPU the thread may use, and where the mask that it writes
/// is longer than the buffer.
pub(crate) const EINVAL: i32 = libc::EINVAL;

/// What the kernel says where there is no such thread.
pub(crate) const ESRCH: i32 = libc::ESRCH;

/// The calling thread, where a thread is named.
pub(crate) const SELF: i32 = 0;

/// Gives `read` the affinity mask of a thread: bit `i` of word `w` stands for CPU `64 * w + i`. As long as the
/// kernel's.
pub(crate) fn affinity<R>(tid: i32, read: impl FnOnce(&[u64]) -> R) -> io::Result<R> {
    let mut mask = [0; STACK_WORDS];
    match write_mask(tid, &mut mask) {
        // The kernel says so where its own mask is the longer one.
        Err(error) if error.raw_os_error() == Some(EINVAL) => affinity_of_many(tid, read),
        written => Ok(read(&mask[..written?])),
    }
}

#[cold]
fn affinity_of_many<R>(tid: i32, read: impl FnOnce(&[u64]) -> R) -> io::Result<R> {
    let mut mask = vec![0; 2 * STACK_WORDS];
    loop {
        match write_mask(tid, &mut mask) {
            Err(error) if error.raw_os_error() == Some(EINVAL) && mask.len() < LAST_WORDS => {
                mask = vec![0; 2 * mask.len()];
            }
            written => return Ok(read(&mask[..written?])),
        }
    }
}

/// How many words of `mask`, which is all zeros, the kernel wrote to.
fn write_mask(tid: i32, mask: &mut [u64]) -> io::Result<usize> {
    // Not the C library's function: it keeps to itself how many bytes were written, and clears the rest.
    // SAFETY: the kernel writes at most as many bytes as `mask` has, and a `u64` may be any bytes.
    let bytes: c_long =
        unsafe { libc::syscall(libc::SYS_sched_getaffinity, tid as c_int, size_of_val(mask), mask.as_mut_ptr()) };
    // Negative where it failed.
    let bytes = usize::try_from(bytes).map_err(|_| io::Error::last_os_error())?;
    if HALVES_SWAPPED {
        mask.iter_mut().for_each(|word| *word = word.rotate_left(c_ulong::BITS));
    }
    Ok(bytes.div_ceil(size_of::<u64>()))
}

/// Sets the affinity of a thread to a mask as [`affinity`] gives it. The kernel drops CPUs that are offline or that the
/// thread's control group does not allow, and says `EINVAL` where none is left.
pub(crate) fn set_affinity(tid: i32, words: &[u64]) -> io::Result<()> {
    if HALVES_SWAPPED {
        let swapped: Vec<_> = words.iter().map(|word| word.rotate_left(c_ulong::BITS)).collect();
        return read_mask(tid, &swapped);
    }
    read_mask(tid, words)
}

fn read_mask(tid: i32, mask: &[u64]) -> io::Result<()> {
    // SAFETY: the kernel reads as many bytes from `mask` as it has.
    match unsafe { libc::sched_setaffinity(tid, size_of_val(mask), mask.as_ptr().cast()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The kernel's number of the calling thread.
pub(crate) fn current_thread() -> i32 {
    rustix::thread::gettid().as_raw_pid()
}

/// The CPU the calling thread runs on. No system call where the C library has a faster way (rseq, vDSO).
#[inline]
pub(crate) fn current_cpu() -> usize {
    // SAFETY: the call takes nothing and touches no memory of ours.
    let cpu = unsafe { libc::sched_getcpu() };
    // It fails only on kernels without the call, older than any that Rust runs on.
    usize::try_from(cpu).unwrap_or(0)
}

/// The memory node of the CPU the calling thread runs on. No system call where the C library can ask the vDSO.
pub(crate) fn current_node() -> io::Result<usize> {
    let (mut cpu, mut node): (c_uint, c_uint) = (0, 0);
    let done = match library_getcpu() {
        // SAFETY: it writes one word to each of two places that outlive the call.
        Some(getcpu) => c_long::from(unsafe { getcpu(&raw mut cpu, &raw mut node) }),
        None => {
            let unused = std::ptr::null_mut::<libc::c_void>();
            // SAFETY: as above; the kernel ignores the third argument.
            unsafe { libc::syscall(libc::SYS_getcpu, &raw mut cpu, &raw mut node, unused) }
        }
    };
    match done {
        0 => Ok(node as usize),
        _ => Err(io::Error::last_os_error()),
    }
}

type GetCpu = unsafe extern "C" fn(*mut c_uint, *mut c_uint) -> c_int;

/// glibc's `getcpu`, which asks the vDSO. It is there since 2.29, and Rust's programs are to start with older ones: so
/// it is looked up, once, and by its version, which no other function of that name has.
#[cfg(all(target_env = "gnu", not(target_feature = "crt-static")))]
fn library_getcpu() -> Option<GetCpu> {
    static FOUND: OnceLock<Option<GetCpu>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        // SAFETY: the names are C strings; no library is loaded or unloaded.
        let address = unsafe { libc::dlvsym(libc::RTLD_DEFAULT, c"getcpu".as_ptr(), c"GLIBC_2.29".as_ptr()) };
        // SAFETY: null is `None`, and the function of this version has this signature (getcpu(3)).
        unsafe { std::mem::transmute::<*mut libc::c_void, Option<GetCpu>>(address) }
    })
}

#[cfg(not(all(target_env = "gnu", not(target_feature = "crt-static"))))]
fn library_getcpu() -> Option<GetCpu> {
    None
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
