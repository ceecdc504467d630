//! Tests that change what belongs to a thread or to the process: its root, its user, its limits.
#![allow(unsafe_code)] // These are changed by calls of the C library.

use std::ffi::{CStr, CString};
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::process::Command;
use std::ptr;
use std::thread;

/// Set in the processes that were started for one test.
const INSIDE: &str = "BEDPLATE_TEST_ALONE";

/// `nobody` of most systems.
pub const NOBODY: u32 = 65_534;

/// Runs `test` in a thread that ends with it.
pub fn in_a_thread_of_its_own(test: impl FnOnce() + Send) {
    thread::scope(|s| s.spawn(test).join().unwrap_or_else(|panic| resume_unwind(panic)));
}

/// Runs `test` in a process of its own: this program, called again for the test of this name.
pub fn in_a_process_of_its_own(name: &str, test: fn()) {
    if std::env::var_os(INSIDE).is_some() {
        return in_a_thread_of_its_own(test);
    }
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this).args(["--exact", name, "--nocapture"]).env(INSIDE, "1").output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "there is no test {name}");
}

/// `None`, with a line that says so, where the kernel does not let this be changed.
pub fn allowed<T>(what: &str, done: io::Result<T>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            println!("skipped: may not {what}: {error}");
            None
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Hides what is at `place` under an empty folder, from the calling thread alone.
pub fn hide(place: &CStr) -> io::Result<()> {
    own_mounts()?;
    // SAFETY: the strings end with a zero; this file system takes no data.
    checked(unsafe { libc::mount(c"tmpfs".as_ptr(), place.as_ptr(), c"tmpfs".as_ptr(), 0, ptr::null()) })
}

/// The calling thread's mounts are its own from here on.
fn own_mounts() -> io::Result<()> {
    // SAFETY: takes a number only; changes the calling thread alone.
    checked(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: changes how mounts spread, where source, kind and data are not looked at.
    checked(unsafe { libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), flags, ptr::null()) })
}

/// The root folder of the calling thread alone.
pub fn change_root(to: &Path) -> io::Result<()> {
    let to = CString::new(to.to_str().unwrap()).unwrap();
    // SAFETY: takes a number only; changes the calling thread alone.
    checked(unsafe { libc::unshare(libc::CLONE_FS) })?;
    // SAFETY: the string ends with a zero.
    checked(unsafe { libc::chroot(to.as_ptr()) })
}

/// The user of the calling thread alone, for good.
pub fn become_nobody() -> io::Result<()> {
    // Not the C library's function, which changes all threads.
    // SAFETY: takes numbers only.
    checked(unsafe { libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY) as i32 })
}

/// No more files can be opened in this process.
pub fn open_no_more_files() -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel reads a structure that outlives the call.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })
}

fn checked(returned: i32) -> io::Result<()> {
    if returned == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
