//! Copies a file past the page cache, block by block: `copy_direct FROM TO`. Without arguments it makes a file to copy and
//! verifies the copy.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use bedplate::io::{Backend, DirectReader, DirectWriter};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    match &args[..] {
        [from, to] => copy(from, to),
        [] => {
            let dir = env::temp_dir().join(format!("copy_direct-{}", std::process::id()));
            fs::create_dir(&dir)?;
            let (from, to) = (dir.join("from"), dir.join("to"));
            // Not a whole number of blocks, nor of sectors.
            let content: Vec<u8> = (0..33_554_437u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            fs::write(&from, &content)?;
            let copied = copy(&from, &to);
            let same = fs::read(&to).is_ok_and(|copy| copy == content);
            fs::remove_dir_all(&dir)?;
            copied?;
            assert!(same, "the copy differs from the original");
            println!("the copy is the original");
            Ok(())
        }
        _ => Err("usage: copy_direct [FROM TO]".into()),
    }
}

/// Reads ahead with two threads and writes behind with one; the copy appears when it is complete and durable.
fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    use std::io::Write;

    let start = Instant::now();
    let mut reader = DirectReader::builder().backend(Backend::Threads(2)).open(from)?;
    let mut writer = DirectWriter::builder().backend(Backend::Threads(1)).create(to)?;
    while let Some(block) = reader.next_block()? {
        writer.write_all(&block)?;
    }
    let direct = (reader.effective().direct, writer.effective().direct);
    let bytes = writer.finish()?.len()?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{bytes} bytes in {seconds:.3} s, {:.0} MB/s; read direct: {}, written direct: {}",
        bytes as f64 / seconds / 1e6,
        direct.0,
        direct.1
    );
    Ok(())
}
