//! Hands a frame to another process without a copy, and without trust: the reader maps memory that the kernel keeps the
//! writer from changing.
//!
//! The frame is a file in memory. Its writer seals it and gives it to a child process as standard input; the child
//! takes no other: `map_sealed` is a safe function because it asks the kernel for the seals.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use bedplate::io::{NotSealed, map_sealed};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// The word that makes this program the reader.
const READER: &str = "read-frame";

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some(READER) { read() } else { write() }
}

fn write() -> Result<(), Box<dyn Error>> {
    let mut frame = File::from(memfd_create("frame", MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC)?);
    frame.write_all(&(0..1u32 << 20).flat_map(u32::to_le_bytes).collect::<Vec<u8>>())?;
    assert!(!give(&frame)?, "a frame that may still change was taken");

    fcntl_add_seals(&frame, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    assert!(give(&frame)?, "a sealed frame was not taken");
    // From here on it is as constant for its writer as for everyone else.
    println!("writer: a write to the frame is refused: {}", frame.write(b"more").unwrap_err());
    Ok(())
}

/// Whether the reader takes the frame.
fn give(frame: &File) -> io::Result<bool> {
    let mut reader = Command::new(std::env::current_exe()?);
    Ok(reader.arg(READER).stdin(Stdio::from(frame.try_clone()?)).status()?.success())
}

fn read() -> Result<(), Box<dyn Error>> {
    let frame = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let map = match map_sealed(&frame) {
        Ok(map) => map,
        Err(error) if error.get_ref().is_some_and(|e| e.is::<NotSealed>()) => {
            println!("reader: not taken: {error}");
            std::process::exit(1);
        }
        Err(error) => return Err(error.into()),
    };
    // Every page is there before the first is looked at, and a page that cannot be had is an error, not a signal.
    map.prefault()?;
    let words = map.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")));
    let sum: u64 = words.map(u64::from).sum();
    println!("reader: {} bytes, and the sum of their words is {sum}", map.len());
    assert_eq!(sum, (0..1u64 << 20).sum::<u64>());
    Ok(())
}
