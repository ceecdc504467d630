use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::io::workers::Workers;
use crate::io::{DirectFile, DirectReader};
use crate::pool::{Block, BlockPool};

#[test]
fn reading_ahead_goes_on_where_an_error_was() {
    const BLOCK: usize = 4096;
    const BAD: usize = 5;
    static FAILED: AtomicBool = AtomicBool::new(false);

    fn transfer(file: &DirectFile, block: &mut Block, offset: u64) -> io::Result<()> {
        if offset == (BAD * BLOCK) as u64 && !FAILED.swap(true, Ordering::Relaxed) {
            return Err(io::ErrorKind::HostUnreachable.into());
        }
        DirectReader::fill(file, block, offset)
    }

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let content: Vec<u8> = (0..9 * BLOCK + 100).map(|i| (i / 100) as u8).collect();
    std::fs::write(&path, &content).unwrap();
    let file = Arc::new(DirectFile::options().read().open(&path).unwrap());
    let pool = BlockPool::builder().block_size(BLOCK).max_blocks(16).build().unwrap();
    let workers = Workers::start(Arc::clone(&file), 3, transfer).unwrap();
    let mut reader = DirectReader::new(file, pool, Some(workers));

    let mut got = Vec::new();
    let mut errors = 0;
    loop {
        match reader.next_block() {
            Ok(Some(block)) => got.extend_from_slice(&block),
            Ok(None) => break,
            Err(e) => {
                assert_eq!(e.kind(), io::ErrorKind::HostUnreachable);
                assert_eq!(got.len(), BAD * BLOCK, "the error comes in its turn");
                assert_eq!(reader.position(), got.len() as u64);
                errors += 1;
            }
        }
    }
    assert_eq!(errors, 1);
    assert!(got == content);
}
