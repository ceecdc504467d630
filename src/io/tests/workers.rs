use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::io::engine::{Direction, Request, Workers};
use crate::io::storage::Storage;
use crate::io::{Alignment, DirectFile};
use crate::pool::{Block, BlockPool};
use crate::sys::file::Flags;

const BLOCK: u64 = 4096;
const ALIGNMENT: Alignment = Alignment { memory: 512, offset: 512 };

/// A file whose reads do what the number of their block says.
#[derive(Debug)]
struct Obedient(File);

impl Storage for Obedient {
    fn file(&self) -> &File {
        &self.0
    }

    fn read_at(&self, buf: &mut [u8], offset: u64, _: Flags) -> io::Result<usize> {
        match offset / BLOCK {
            7 => Err(io::ErrorKind::AddrInUse.into()),
            8 => panic!("asked for by the test"),
            number => {
                buf.fill(number as u8);
                Ok(buf.len())
            }
        }
    }
}

fn workers(threads: usize) -> (Workers, BlockPool) {
    let storage = Box::new(Obedient(tempfile::tempfile().unwrap()));
    let file = Arc::new(DirectFile::with_storage(storage, Some(ALIGNMENT)));
    let pool = BlockPool::builder().max_blocks(16).build().unwrap();
    (Workers::start(file, threads, 16, Direction::Read).unwrap(), pool)
}

fn request(block: Block, number: u64) -> Request {
    Request::read(block, number * BLOCK, BLOCK as usize, ALIGNMENT)
}

#[test]
fn results_come_in_the_order_of_submission() {
    let (workers, pool) = workers(3);
    for round in 0..9 {
        for number in 0..14 {
            workers.submit(request(pool.acquire().unwrap(), number + round));
        }
        for number in 0..14 {
            let expected = number + round;
            let done = workers.take().unwrap();
            let block = done.block.expect("a block comes back from an error and from a panic too");
            assert_eq!(done.offset, expected * BLOCK);
            match done.result {
                Ok(()) => assert!(block.len() as u64 == BLOCK && block.iter().all(|b| *b == expected as u8)),
                Err(e) if expected == 7 => assert_eq!(e.kind(), io::ErrorKind::AddrInUse),
                Err(e) => assert!(expected == 8 && e.to_string().contains("panicked"), "{expected}: {e}"),
            }
        }
    }
}

#[test]
fn cancelled_and_dropped_transfers_give_their_blocks_back() {
    let (workers, pool) = workers(2);
    for _ in 0..100 {
        for number in 100..116 {
            workers.submit(request(pool.acquire().unwrap(), number));
        }
        workers.cancel();
        assert!(workers.take().is_none());
        assert_eq!(pool.stats().in_use, 0);
        // The places of what was cancelled are not taken for those of what comes after.
        workers.submit(request(pool.acquire().unwrap(), 5));
        let done = workers.take().unwrap();
        assert!(done.result.is_ok() && done.block.unwrap()[0] == 5);
    }
    for number in 100..116 {
        workers.submit(request(pool.acquire().unwrap(), number));
    }
    drop(workers);
    assert_eq!(pool.stats().in_use, 0);
}
