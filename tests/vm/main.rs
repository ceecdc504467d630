//! What needs another machine than this one: memory nodes, CPUs that are turned off, control groups of one's own, NVMe
//! disks, an older kernel.
//!
//! `tests/vm/run` boots guests with this program as their first process, one guest for each scenario. Called by
//! `cargo test` it only says so.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "../support/filter.rs"]
mod filter;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod guest;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod machine;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod node;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod pages;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod scenarios;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    if std::process::id() == 1 {
        guest::run();
    }
    match std::env::args().nth(1).as_deref() {
        Some("--scenarios") => scenarios::print(),
        Some("--list") => {}
        _ => println!("skipped: tests/vm/run boots guests"),
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {}
