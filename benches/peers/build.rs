//! Records the compiler that built the rows: it may not be the one on the path when they run.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let version = Command::new(rustc).arg("--version").output().expect("rustc --version runs");
    println!("cargo::rustc-env=PEERS_RUSTC={}", String::from_utf8_lossy(&version.stdout).trim());
}
