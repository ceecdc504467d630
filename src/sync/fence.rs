//! Asymmetric fences: two threads that each write one place and then read the other's, where one does it all the time
//! and the other hardly ever. The frequent side passes [`light`], which costs nothing, the rare side [`heavy`], which
//! costs a system call of some 20 µs and stands for both.
//!
//! Together they are what two `fence(SeqCst)` would be: of "store, light, load" and "store, heavy, load", at least one
//! side sees the other's store. Where [`prepare`] says no, `light` is to be replaced by a full fence. After Dice, Huang
//! and Yang, "Asymmetric Dekker Synchronization" (2001), and the paper P1202 for the names.

use std::sync::OnceLock;
use std::sync::atomic::compiler_fence;

use crate::primitive::atomic::{Ordering, fence};

static PREPARED: OnceLock<bool> = OnceLock::new();

/// Asks the kernel for its part, once in a process; tells whether [`light`] will do. Who uses the fences in a protocol
/// calls this before the first use, in a thread whose work happens before that use.
pub(crate) fn prepare() -> bool {
    *PREPARED.get_or_init(register)
}

/// The fence of the frequent side, where [`prepare`] said that it will do: one for the compiler.
#[inline]
pub(crate) fn light() {
    compiler_fence(Ordering::SeqCst);
}

/// [`light`], or a full fence where [`prepare`] said that it will not do.
#[inline]
pub(crate) fn light_or_full(prepared: bool) {
    if prepared {
        light();
    } else {
        fence(Ordering::SeqCst);
    }
}

/// The fence of the rare side. `false` where the kernel, which agreed in [`prepare`], refuses now, as it does when a
/// filter of system calls was installed since: then nothing may be concluded from what is read after it.
#[must_use = "without the kernel's part the fence proves nothing"]
pub(crate) fn heavy() -> bool {
    fence(Ordering::SeqCst);
    !prepare() || run()
}

#[cfg(all(target_os = "linux", not(any(bedplate_loom, bedplate_shuttle))))]
fn register() -> bool {
    crate::sys::barrier::register().is_ok()
}

#[cfg(all(target_os = "linux", not(any(bedplate_loom, bedplate_shuttle))))]
fn run() -> bool {
    crate::sys::barrier::barrier().is_ok()
}

#[cfg(any(not(target_os = "linux"), bedplate_loom, bedplate_shuttle))]
fn register() -> bool {
    false
}

#[cfg(any(not(target_os = "linux"), bedplate_loom, bedplate_shuttle))]
fn run() -> bool {
    true
}
