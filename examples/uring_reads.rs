//! Random reads, many at once, into memory that is registered with the kernel: an io_uring of one's own.
//!
//! `cargo run --release --features io-uring --example uring_reads`

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::io;
    use std::time::Instant;

    use bedplate::io::{DirectFile, FileId, Uring};
    use bedplate::pool::{Block, BlockPool};

    const PAGE: usize = 4096;
    const PAGES: u64 = 2048;
    const READS: u64 = 20_000;
    const DEPTH: usize = 32;

    // Each page is full of its own number.
    let path = std::env::temp_dir().join(format!("bedplate-uring-reads-{}", std::process::id()));
    let text: Vec<u8> = (0..PAGES).flat_map(|page| page.to_le_bytes().repeat(PAGE / 8)).collect();
    std::fs::write(&path, text)?;

    // Sandboxes refuse io_uring, those of containers by default: what can be done then is the program's to say.
    let mut ring: Uring = match Uring::builder().depth(DEPTH).build() {
        Ok(ring) => ring,
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            std::fs::remove_file(&path)?;
            println!("{error}; reading one page after the other instead is left to `DirectFile`");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let pool = BlockPool::builder().block_size(PAGE).max_blocks(DEPTH).build()?;
    // Refused beyond the limit of locked memory, which makes it slower, and nothing else.
    let registered = ring.register_pool(&pool)?;
    let file = ring.register_file(DirectFile::options().read().open(&path)?)?;

    // Each read owns its block until its completion brings it back. The page that a read is of is kept by its place in
    // the ring, of which no two operations in flight have the same.
    let mut pages = [0; DEPTH];
    let mut random = 88_172_645_463_325_252_u64;
    let mut read = |ring: &mut Uring, file: FileId, block: Block, pages: &mut [u64; DEPTH]| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let page = random % PAGES;
        ring.read(file, block, page * PAGE as u64).map(|id| pages[id.slot()] = page)
    };

    let begun = Instant::now();
    let (mut begun_reads, mut ended) = (0, 0);
    while begun_reads < DEPTH as u64 {
        read(&mut ring, file, pool.try_acquire()?, &mut pages)?;
        begun_reads += 1;
    }
    while ended < READS {
        ring.wait(1, None)?;
        while let Some(done) = ring.poll() {
            assert_eq!(done.result?, PAGE);
            let block = done.buffers.one().expect("a read has a buffer");
            let page = pages[done.id.slot()].to_le_bytes();
            assert!(block.chunks_exact(8).all(|number| number == page), "a page of another number");
            ended += 1;
            if begun_reads < READS {
                read(&mut ring, file, block, &mut pages)?;
                begun_reads += 1;
            }
        }
    }
    let took = begun.elapsed();
    let stats = ring.stats();
    assert_eq!((stats.completed, stats.failed, stats.in_flight), (READS, 0, 0));
    assert_eq!(stats.fixed, if registered { READS } else { 0 });
    println!(
        "{READS} reads of {PAGE} bytes in {took:.1?}, {:.0} a second, {} calls of the kernel, {} of registered memory",
        READS as f64 / took.as_secs_f64(),
        stats.enters,
        stats.fixed
    );
    std::fs::remove_file(path)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: io_uring is Linux's");
}
