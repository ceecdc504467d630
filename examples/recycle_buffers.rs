//! Reads a log in pooled blocks, parses each block in a pooled arena, and reports with pooled strings.
//!
//! `cargo run --release --example recycle_buffers`

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::fmt::Write as _;
    use std::io::Read;
    use std::sync::mpsc;
    use std::thread;

    use bedplate::pool::{ArenaPool, Block, BlockPool, ObjectPool, Recycle};

    const RECORD: usize = 64;
    const RECORDS: usize = 50_000;
    const WORKERS: usize = 2;

    // One record in seven is an error.
    let mut log = String::new();
    for i in 0..RECORDS {
        let level = if i % 7 == 0 { "ERROR" } else { "INFO" };
        writeln!(log, "{:<1$}", format!("{level} request={i} user=u{}", i % 100), RECORD - 1)?;
    }

    // The bounds are the back-pressure: a reader that is ahead waits in `acquire` until a worker gives a block back.
    let blocks = BlockPool::builder().block_size(64 << 10).max_blocks(4).build()?;
    let arenas = ArenaPool::builder().max(WORKERS).retain_limit(1 << 20).build();
    let reports = ObjectPool::builder(|| String::with_capacity(1 << 10))
        .max(WORKERS)
        .recycle(|text| {
            text.clear();
            if text.capacity() <= 64 << 10 { Recycle::Keep } else { Recycle::Discard }
        })
        .build();

    let (to_workers, from_reader) = mpsc::channel::<Block>();
    let from_reader = std::sync::Mutex::new(from_reader);
    let work = || -> (usize, usize) {
        let (mut records, mut errors) = (0, 0);
        loop {
            let Ok(block) = from_reader.lock().expect("no worker panics").recv() else { return (records, errors) };
            // Everything allocated for this block goes at once, when the guard is dropped.
            let arena = arenas.acquire().expect("an arena for each worker");
            let mut failed: Vec<&str> = Vec::new();
            for record in block.chunks_exact(RECORD) {
                records += 1;
                if let Some(rest) = record.strip_prefix(b"ERROR ") {
                    failed.push(arena.alloc_str(String::from_utf8_lossy(rest).trim_end()));
                }
            }
            let mut report = reports.acquire().expect("a string for each worker");
            writeln!(report, "{} errors, the first {:?}", failed.len(), failed.first()).expect("a string takes all");
            errors += failed.len();
        }
    };

    let counted = thread::scope(|s| {
        let workers: Vec<_> = (0..WORKERS).map(|_| s.spawn(work)).collect();
        let mut source = log.as_bytes();
        loop {
            let mut block = blocks.acquire().expect("the pool stays open");
            let filled = source.read(block.as_full_mut()).expect("memory can be read");
            if filled == 0 {
                break;
            }
            block.set_len(filled);
            to_workers.send(block).expect("workers live until the channel ends");
        }
        drop(to_workers);
        workers.into_iter().map(|w| w.join().expect("no worker panics")).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    });

    assert_eq!(counted, (RECORDS, RECORDS.div_ceil(7)));
    let (b, a, r) = (blocks.stats(), arenas.stats(), reports.stats());
    assert_eq!((b.in_use, a.in_use, r.in_use), (0, 0, 0));
    assert!(b.total <= 4 && a.created <= 2 && r.created <= 2);
    println!("{} records, {} errors", counted.0, counted.1);
    println!("blocks:  {} acquisitions of {} blocks, {} waits", b.acquired, b.total, b.waits);
    println!("arenas:  {} acquisitions of {} arenas", a.acquired, a.created);
    println!("reports: {} acquisitions of {} strings", r.acquired, r.created);
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("block pools need Linux");
}
