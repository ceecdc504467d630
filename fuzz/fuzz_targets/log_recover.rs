//! Recovery from arbitrary bytes: logs that are damaged in every way, many of them with checksums that are right.
#![no_main]

#[path = "../../tests/io/log_bytes.rs"]
#[allow(dead_code)] // The test in it.
mod log_bytes;

use std::path::PathBuf;
use std::sync::LazyLock;

/// In memory: nothing here is of what is durable.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("bedplate-fuzz-{}", std::process::id()))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| log_bytes::run(bytes, &FOLDER));
