//! Copies a file past the page cache, block by block, or lets the kernel copy it, and tells what was obtained.
//!
//! `cargo run --release --features io-uring --example copy_direct -- --by uring FROM TO`; `--help` tells the rest.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use bedplate::io::{self, Backend, DirectReader, DirectWriter};
use bedplate::pool::BlockPool;
use lexopt::prelude::*;

const HELP: &str = "\
Copies a file: past the page cache, in blocks of 1 MiB that go from the reader to the
writer as they are; or by whatever way the kernel has. The copy appears at TO when it
is complete and durable; one by the kernel is written to TO as it goes.
Without FROM and TO it makes a file, copies it each way, and compares.

usage: copy_direct [OPTIONS] [FROM TO]

  --by HOW      inline, threads:N, uring (needs the feature io-uring),
                or kernel: reflink, copy_file_range, splice, read and write   [threads:2]
  --depth N     blocks that are read and that are written at one time         [4]
  --help        this text

exit status: 0 done, 1 failed, 2 wrong arguments
";

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(args) if args.help => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(args) => args,
        Err(error) => {
            eprintln!("copy_direct: {error}\ntry --help");
            return ExitCode::from(2);
        }
    };
    let done = match &args.files {
        Some((from, to)) => copy(args.by, args.depth, from, to),
        None => demonstrate(args.depth),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("copy_direct: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Who copies.
#[derive(Clone, Copy)]
enum By {
    Blocks(Backend),
    Kernel,
}

struct Args {
    by: By,
    depth: usize,
    files: Option<(PathBuf, PathBuf)>,
    help: bool,
}

impl Args {
    fn parse() -> Result<Self, lexopt::Error> {
        let mut args = Self { by: By::Blocks(Backend::Threads(2)), depth: 4, files: None, help: false };
        let mut paths = Vec::new();
        let mut given = lexopt::Parser::from_env();
        while let Some(arg) = given.next()? {
            match arg {
                Long("by") => args.by = given.value()?.parse_with(parse_by)?,
                Long("depth") => args.depth = given.value()?.parse()?,
                Short('h') | Long("help") => args.help = true,
                Value(path) => paths.push(PathBuf::from(path)),
                _ => return Err(arg.unexpected()),
            }
        }
        args.files = match <[PathBuf; 2]>::try_from(paths) {
            Ok([from, to]) => Some((from, to)),
            Err(none) if none.is_empty() => None,
            Err(_) => return Err("want FROM and TO, or neither".into()),
        };
        Ok(args)
    }
}

fn parse_by(text: &str) -> Result<By, String> {
    Ok(By::Blocks(match text {
        "kernel" => return Ok(By::Kernel),
        "inline" => Backend::Inline,
        #[cfg(feature = "io-uring")]
        "uring" => Backend::Uring,
        #[cfg(not(feature = "io-uring"))]
        "uring" => return Err("`uring` needs the feature io-uring".into()),
        _ => {
            let count = text.strip_prefix("threads:").and_then(|count| count.parse().ok());
            Backend::Threads(count.ok_or_else(|| format!("`{text}` is none of inline, threads:N, uring, kernel"))?)
        }
    }))
}

fn copy(by: By, depth: usize, from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let (bytes, obtained) = match by {
        By::Blocks(backend) => copy_blocks(backend, depth, from, to)?,
        By::Kernel => {
            let to = File::create(to)?;
            let copied = io::copy(File::open(from)?, &to)?;
            // As durable as the other ways leave it.
            to.sync_data()?;
            (copied.bytes, format!("by {:?}", copied.way))
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    println!("{bytes} bytes in {seconds:.3} s, {:.0} MB/s; {obtained}", bytes as f64 / seconds / 1e6);
    Ok(())
}

/// The bytes that were copied, and what was obtained for that.
fn copy_blocks(backend: Backend, depth: usize, from: &Path, to: &Path) -> Result<(u64, String), Box<dyn Error>> {
    // For what is read ahead and what is written behind, one on its way between them, and one for the end of a file
    // that is no whole number of blocks. Both sides of a ring know the memory of the one pool.
    let blocks = depth.saturating_mul(2).saturating_add(2);
    let pool = BlockPool::builder().block_size(1 << 20).max_blocks(blocks).build()?;
    let mut reader = DirectReader::builder().pool(pool.clone()).backend(backend).depth(depth).open(from)?;
    let writer = DirectWriter::builder().pool(pool).backend(backend).depth(depth);
    let mut writer = writer.expected_len(reader.len()).create(to)?;
    while let Some(block) = reader.next_block()? {
        // Not copied: the block that was read is the one that is written.
        writer.write_block(block)?;
    }
    let obtained = format!(
        "read by {:?}, direct: {}; written by {:?}, direct: {}",
        reader.backend(),
        reader.effective().direct,
        writer.backend(),
        writer.effective().direct
    );
    Ok((writer.finish()?.len()?, obtained))
}

/// Copies a file of its own each way.
fn demonstrate(depth: usize) -> Result<(), Box<dyn Error>> {
    let dir = std::env::temp_dir().join(format!("copy_direct-{}", std::process::id()));
    fs::create_dir(&dir)?;
    let result = demonstrate_in(&dir, depth);
    fs::remove_dir_all(&dir)?;
    result
}

fn demonstrate_in(dir: &Path, depth: usize) -> Result<(), Box<dyn Error>> {
    let (from, to) = (dir.join("from"), dir.join("to"));
    // Not a whole number of blocks, nor of sectors.
    let content: Vec<u8> = (0..33_554_437u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(&from, &content)?;
    for how in ["inline", "threads:2", "uring", "kernel"] {
        match parse_by(how) {
            Ok(by) => copy(by, depth, &from, &to)?,
            Err(error) => {
                println!("skipped: {error}");
                continue;
            }
        }
        assert!(fs::read(&to)? == content, "the copy differs from the original");
    }
    println!("the copies are the original");
    Ok(())
}
