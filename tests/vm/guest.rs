//! The first process of a guest.
#![allow(unsafe_code)] // Mounts and the end of the machine are calls of the C library.

use std::ffi::CStr;
use std::fs;
use std::io;
use std::panic;
use std::ptr;
use std::thread;

use crate::scenarios::{self, Case};

/// What is mounted: what, where.
const MOUNTS: [(&CStr, &CStr); 5] = [
    (c"proc", c"/proc"),
    (c"sysfs", c"/sys"),
    (c"devtmpfs", c"/dev"),
    (c"cgroup2", c"/sys/fs/cgroup"),
    (c"tmpfs", c"/tmp"),
];

/// Runs the scenario that the kernel's command line names, says how it went, and turns the machine off.
pub fn run() -> ! {
    // Whatever happens, the machine must not go on, and the first process must not end.
    let outcome = panic::catch_unwind(|| {
        mount_all();
        let cmdline = fs::read_to_string("/proc/cmdline").unwrap();
        let name = cmdline.split_whitespace().find_map(|word| word.strip_prefix("bedplate.scenario="));
        let name = name.expect("the command line names a scenario");
        let scenario = scenarios::find(name).expect("there is such a scenario");
        let failed = scenario.cases.iter().copied().flatten().filter(|case| !passes(case)).count();
        println!("vm: {} {name}", if failed == 0 { "ok" } else { "FAILED" });
    });
    if outcome.is_err() {
        println!("vm: FAILED");
    }
    turn_off()
}

/// Each case has a thread of its own, with which its affinity, its memory policy and its filters end.
fn passes((name, case): &Case) -> bool {
    println!("vm: {name}");
    let thread = thread::Builder::new().name((*name).to_owned()).spawn(*case).expect("a thread can be made");
    let passed = thread.join().is_ok();
    if !passed {
        println!("vm: {name}: FAILED");
    }
    passed
}

fn mount_all() {
    for (kind, place) in MOUNTS {
        fs::create_dir_all(place.to_str().unwrap()).unwrap();
        // SAFETY: the strings end with a zero; these file systems take no data.
        let mounted = unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, ptr::null()) };
        assert_eq!(mounted, 0, "{place:?}: {}", io::Error::last_os_error());
    }
}

fn turn_off() -> ! {
    loop {
        // SAFETY: takes a number only. No file has anything left to write.
        unsafe { libc::reboot(libc::RB_POWER_OFF) };
    }
}
