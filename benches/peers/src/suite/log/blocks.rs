//! Blocks of a pool appended without a copy.

use super::records;
use super::subject::Subject;
use super::zeroed::{PAGE, Zeroed};
use super::{Setting, until_past};
use crate::harness::{Bench, Better, Spec, together};
use bedplate::pool::BlockPool;
use std::time::Duration;

/// Bytes of a block.
const BLOCK: usize = 64 << 10;
/// Blocks of the pool: more than are on their way at once.
const BLOCKS: usize = 4;

/// Measures the row.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    const ROW: &str = "append block64k";
    if !bench.wants(ROW) {
        return;
    }
    let log = Subject::open(setting, &setting.options()).expect("a log");
    let peer = Zeroed::create(setting.folder, setting.segment).expect("a file");
    let pool = BlockPool::builder().block_size(BLOCK).max_blocks(BLOCKS).build().expect("a pool");
    let time = setting.time;
    let detail = format!(
        "append a block of 64 KiB from a pool and wait until it is durable, one at a time, for {time:?}; a log as in \
         `append independent`; with append_block, which writes it from where it is behind a page of its header, or with \
         append, which copies it; the peer is one RWF_DSYNC write of 64 KiB with O_DIRECT over a file of zeros; verified: \
         all records read back"
    );
    bench.run(
        Spec::new(ROW, detail)
            .unit("records/s", Better::Higher)
            .figure("bedplate", || rate(&log, &pool, time, Way::Whole))
            .figure("RWF_DSYNC of 64 KiB", || peer.rate(1, BLOCK, BLOCK, time))
            .figure("bedplate append", || rate(&log, &pool, time, Way::Copied)),
    );
}

/// How a block comes into the log.
#[derive(Clone, Copy)]
enum Way {
    Whole,
    Copied,
}

fn rate(subject: &Subject, pool: &BlockPool, time: Duration, way: Way) -> f64 {
    let log = &subject.log;
    log.prepare().expect("room for a segment");
    let first = log.next_lsn();
    // Filled beforehand, all blocks of the pool; a record's number is then all that is written into its block.
    let mut blocks: Vec<_> = (0..BLOCKS).map(|_| pool.acquire().expect("a block")).collect();
    for block in &mut blocks {
        assert!(block.as_full().as_ptr().addr().is_multiple_of(PAGE), "a block is aligned");
        records::blank(0, block.as_full_mut());
    }
    drop(blocks);
    let (elapsed, total) = together(1, |_| {
        until_past(time, |number| {
            let mut block = pool.acquire().expect("a block");
            block.set_len(BLOCK);
            records::stamp(&mut block, number);
            let lsn = match way {
                Way::Whole => log.append_block(block).expect("a block is taken"),
                Way::Copied => log.append(&block).expect("an append"),
            };
            log.commit(lsn).expect("a commit");
        })
    });
    subject.verify(first, 1, total);
    total as f64 / elapsed.as_secs_f64()
}
