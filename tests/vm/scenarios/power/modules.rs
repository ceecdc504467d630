//! Modules of the guest's kernel, which `tests/vm/run` puts beside its first process.
#![allow(unsafe_code)] // Loading one is a call of the kernel.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// In the order in which they need one another: the name, and what it is told.
const MODULES: [(&str, &CStr); 4] =
    [("dm-mod", c""), ("dm-log-writes", c""), ("dm-flakey", c""), ("brd", c"rd_nr=1 rd_size=16384")];

/// Loads them; false, with a line that says so, where the host's package of the kernel has not got them.
pub fn load() -> bool {
    for (name, told) in MODULES {
        let path = format!("/modules/{name}.ko");
        let Ok(file) = File::open(&path) else {
            println!("skipped: no {path}");
            return false;
        };
        // SAFETY: the descriptor is open, and the string ends with a zero.
        if unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), told.as_ptr(), 0) } != 0 {
            let error = io::Error::last_os_error();
            // By a case before this one.
            assert_eq!(error.raw_os_error(), Some(libc::EEXIST), "{name}: {error}");
        }
    }
    true
}
