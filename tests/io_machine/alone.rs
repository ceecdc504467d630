//! Tests that change what belongs to a thread or to the process: its mounts, its user, its limits.

use std::ffi::CStr;
use std::io;
use std::panic::resume_unwind;
use std::process::Command;
use std::ptr;
use std::thread;

/// Set in the processes that were started for one test, to what they were started for.
const INSIDE: &str = "BEDPLATE_TEST_ALONE";

/// Runs `test` in a thread that ends with it.
pub fn in_a_thread_of_its_own<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    thread::scope(|s| s.spawn(test).join().unwrap_or_else(|panic| resume_unwind(panic)))
}

/// Runs `test` in a thread whose mounts nobody else sees; not at all, with a line that says so, where that may not be.
pub fn with_mounts(test: impl FnOnce() + Send) {
    in_a_thread_of_its_own(|| {
        if allowed("have mounts of one's own", own_mounts()).is_some() {
            test();
        }
    });
}

/// The calling thread's mounts are its own from here on.
fn own_mounts() -> io::Result<()> {
    // SAFETY: takes a number only; changes the calling thread alone.
    checked(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: changes how mounts spread, where source, kind and data are not looked at.
    checked(unsafe { libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), flags, ptr::null()) })
}

/// What this process was started for by [`again`], if it was.
pub fn inside() -> Option<String> {
    std::env::var(INSIDE).ok()
}

/// This program, to be called again for the test of this name, which finds `what` in [`inside`].
pub fn again(name: &str, what: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(INSIDE, what);
    command
}

/// Runs `test` in a process of its own: this program, called again for the test of this name.
pub fn in_a_process_of_its_own(name: &str, test: fn()) {
    if inside().is_some() {
        return in_a_thread_of_its_own(test);
    }
    run(again(name, "alone"));
}

/// Runs what [`again`] gave, which must find its test and pass it.
pub fn run(mut command: Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "no such test: {command:?}");
}

/// `None`, with a line that says so, where the kernel does not let this be changed.
pub fn allowed<T>(what: &str, done: io::Result<T>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound) => {
            println!("skipped: may not {what}: {error}");
            None
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Makes the calling thread alone, for good, one of a user who is nobody else: limits count what all processes of a user
/// have.
pub fn become_nobody() -> io::Result<()> {
    let user = (1 << 30) + std::process::id();
    // Not the C library's function, which changes all threads.
    // SAFETY: takes numbers only.
    checked(unsafe { libc::syscall(libc::SYS_setresuid, user, user, user) as i32 })
}

/// Hides what is at `place` under an empty folder, from the calling thread alone, whose mounts are its own.
pub fn hide(place: &CStr) -> io::Result<()> {
    // SAFETY: the strings end with a zero; this file system takes no data.
    checked(unsafe { libc::mount(c"tmpfs".as_ptr(), place.as_ptr(), c"tmpfs".as_ptr(), 0, ptr::null()) })
}

/// The signal that tells of too long a file, and ends a process, is ignored.
pub fn ignore_too_long_files() {
    // SAFETY: this disposition runs no code.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Sets a limit of the process to `most`.
pub fn limit(resource: libc::__rlimit_resource_t, most: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: the kernel reads a structure that outlives the call.
    checked(unsafe { libc::setrlimit(resource, &raw const limit) })
}

fn checked(returned: i32) -> io::Result<()> {
    if returned == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
