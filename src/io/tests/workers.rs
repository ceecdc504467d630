use std::io;
use std::sync::Arc;

use crate::io::DirectFile;
use crate::io::workers::Workers;
use crate::pool::{Block, BlockPool};

fn file() -> Arc<DirectFile> {
    let path = tempfile::NamedTempFile::new().unwrap();
    Arc::new(DirectFile::options().read().open(path.path()).unwrap())
}

/// Leaves its mark, and does what the offset says.
fn transfer(_: &DirectFile, block: &mut Block, offset: u64) -> io::Result<()> {
    match offset {
        7 => Err(io::ErrorKind::AddrInUse.into()),
        8 => panic!("asked for by the test"),
        offset => {
            block.set_len(offset as usize);
            Ok(())
        }
    }
}

#[test]
fn results_come_in_the_order_of_submission() {
    let pool = BlockPool::builder().max_blocks(16).build().unwrap();
    let workers = Workers::start(file(), 3, transfer).unwrap();
    for round in 0..9 {
        for offset in 0..14 {
            workers.submit(offset + round, pool.acquire().unwrap());
        }
        for offset in 0..14 {
            let expected = offset + round;
            match workers.take().unwrap().result {
                Ok(block) => assert_eq!(block.len() as u64, expected),
                Err(e) if expected == 7 => assert_eq!(e.kind(), io::ErrorKind::AddrInUse),
                Err(e) => assert!(expected == 8 && e.to_string().contains("panicked"), "{expected}: {e}"),
            }
        }
    }
}

#[test]
fn cancelled_and_dropped_transfers_give_their_blocks_back() {
    let pool = BlockPool::builder().max_blocks(16).build().unwrap();
    let workers = Workers::start(file(), 2, transfer).unwrap();
    for _ in 0..100 {
        for offset in 100..116 {
            workers.submit(offset, pool.acquire().unwrap());
        }
        workers.cancel();
        assert!(workers.take().is_none());
        assert_eq!(pool.stats().in_use, 0);
        // The places of what was cancelled are not taken for those of what comes after.
        workers.submit(5, pool.acquire().unwrap());
        assert_eq!(workers.take().unwrap().result.unwrap().len(), 5);
    }
    for offset in 100..116 {
        workers.submit(offset, pool.acquire().unwrap());
    }
    drop(workers);
    assert_eq!(pool.stats().in_use, 0);
}
