//! The pipeline itself: blocks from the reader, through pinned parsers and the cache, into the batcher and the log.

use std::error::Error;
use std::fs::File;
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use bedplate::Demand;
use bedplate::batch::{self, Batcher};
use bedplate::cache::{self, Cache};
use bedplate::channel::{self, Receiver, Sender};
use bedplate::io::{AppendLog, Backend, LogError, LogStats, Lsn};
use bedplate::mem::HugePages;
use bedplate::pool::{BlockPool, BlockStats, ObjectPool, OwnedPooled, Recycle};
use bedplate::stats::HistogramSnapshot;
use bedplate::time::Clock;
use bedplate::topo::{Plan, SpawnError, WorkerSet};

use crate::appender::{Acknowledged, appender, settle};
use crate::enrich::enrich;
use crate::output::{Checksum, Output};
use crate::progress::Progress;
use crate::record::{Parser, Tally};
use crate::source::Source;
use crate::split::{Splitter, Work};

/// What both the pipeline and its std counterpart are told.
#[derive(Clone, Debug)]
pub struct Config {
    pub files: Vec<PathBuf>,
    pub parser: Parser,
    pub enrich_cost: Duration,
    pub block: usize,
    /// Where the parser threads run.
    pub plan: Plan,
}

pub const CACHE_ENTRIES: usize = 16_384;
pub const CACHE_TTL: Duration = Duration::from_secs(1);

/// Blocks beside those the parsers hold: one being read, one being cut, and the rest with the parsers' next pieces. This
/// is what bounds the reading: a record waits for the blocks before it.
const BLOCKS_AHEAD: usize = 3;
/// Pieces that the channel holds: as many as all blocks can have, so that only a block's worth of room wakes the reader.
const QUEUED_PIECES: usize = 256;
/// Parsed pieces that may wait for the log, for each parser.
const OUTPUTS_PER_PARSER: usize = 6;
/// Survivors' bytes after which a batch is appended without waiting for more.
const BATCH_BYTES: usize = 1 << 20;

/// Zero: a batch is what gathered while the one before it was appended, and no record waits for company. The log makes one
/// write of the batches that come while its writes are under way.
const LINGER: Duration = Duration::ZERO;

/// What a run did and how long it took.
#[derive(Debug)]
pub struct Run {
    pub tally: Tally,
    /// What the log acknowledged, and the last record of it.
    pub appended: Checksum,
    pub acknowledged: Lsn,
    pub elapsed: Duration,
    pub bytes_read: u64,
    pub straddling: u64,
    pub latency: HistogramSnapshot,
    pub cache: cache::Stats,
    pub blocks: BlockStats,
    pub queue: channel::Stats,
    pub batches: batch::BatcherStats,
    pub log: LogStats,
    /// Whether every file was read with `O_DIRECT`.
    pub direct: bool,
    pub pinned: usize,
    pub huge_pages: bool,
    /// The first thing that went wrong; what was acknowledged before it is in the log.
    pub failure: Option<String>,
}

/// What the threads of a run share.
struct Shared {
    parser: Parser,
    enrich_cost: Duration,
    cache: Cache<Vec<u8>, u64>,
    outputs: ObjectPool<Output>,
    acknowledged: Arc<Acknowledged>,
    stop: Arc<AtomicBool>,
    /// Of all but the log, whose failure is with what it acknowledged.
    failure: OnceLock<String>,
}

impl Shared {
    /// Keeps the first failure, and ends the reading.
    fn fail(&self, failure: String) {
        // What fails after the first failure fails because of it.
        let _ = self.failure.set(failure);
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed) && self.first_failure().is_none()
    }

    fn first_failure(&self) -> Option<&str> {
        self.acknowledged.failure().or(self.failure.get().map(String::as_str))
    }
}

/// Opens the log of a run.
///
/// Threads of its own write it: with the callers alone nobody would write while they gather the next batch. Two, so that
/// two writes are under way at once.
pub fn open_log(folder: &Path) -> Result<AppendLog, LogError> {
    let threads = AppendLog::options().backend(Backend::Threads(2)).backend_demand(Demand::Require);
    threads.direct(Demand::Prefer).open(folder)
}

/// Reads every file through the whole pipeline. Comes back with what was done, also where something failed halfway.
pub fn run(
    config: &Config,
    log: &Arc<AppendLog>,
    acks: Option<File>,
    stop: &Arc<AtomicBool>,
    progress: &Progress,
) -> Result<Run, Box<dyn Error>> {
    let threads = config.plan.len();
    let blocks = BlockPool::builder()
        .block_size(config.block)
        .max_blocks(threads + BLOCKS_AHEAD)
        .huge_pages(HugePages::Transparent, Demand::Prefer)
        .build()?;
    let shared = Arc::new(Shared {
        parser: config.parser.clone(),
        enrich_cost: config.enrich_cost,
        cache: Cache::builder(CACHE_ENTRIES).ttl(CACHE_TTL).build(),
        outputs: ObjectPool::builder(Output::default)
            .max(threads * OUTPUTS_PER_PARSER)
            .recycle(|output: &mut Output| {
                output.clear();
                Recycle::Keep
            })
            .build(),
        acknowledged: Arc::new(Acknowledged::new(acks)),
        stop: Arc::clone(stop),
        failure: OnceLock::new(),
    });

    let start = Clock::Monotonic.now();
    let batcher = Batcher::builder()
        .max_bytes(BATCH_BYTES, |output: &OwnedPooled<Output>| output.bytes())
        .linger(LINGER)
        .spawn("log", appender(Arc::clone(&shared.acknowledged), Arc::clone(log)))?;
    let (send, receive) = channel::bounded::<Work>(QUEUED_PIECES);

    let mut reading = Reading::default();
    let (queue, pinned) = thread::scope(|scope| {
        let (shared, batcher) = (&shared, &batcher);
        let parsers = WorkerSet::builder(config.plan.clone())
            .name("parser")
            .pinning(Demand::Prefer)
            .spawn_scoped(scope, move |_| parse(shared, &receive, batcher))?;
        let pinned = parsers.reports().iter().filter(|report| report.complete()).count();
        for (file, path) in config.files.iter().enumerate() {
            if let Err(error) = reading.read(config, file, path, &blocks, shared, &send, progress) {
                shared.fail(format!("{}: {error}", path.display()));
            }
            if !shared.goes_on() {
                break;
            }
        }
        let queue = send.stats();
        drop(send);
        for parser in parsers.join() {
            reading.tally.merge(parser.unwrap_or_else(|panic| resume_unwind(panic)));
        }
        Ok::<_, SpawnError>((queue, pinned))
    })?;
    batcher.flush()?;
    settle(log)?;
    let elapsed = Clock::Monotonic.now() - start;

    let (appended, acknowledged) = shared.acknowledged.so_far();
    Ok(Run {
        tally: reading.tally,
        appended,
        acknowledged,
        elapsed,
        bytes_read: reading.bytes,
        straddling: reading.straddling,
        latency: shared.acknowledged.latency.snapshot(),
        cache: shared.cache.stats(),
        blocks: blocks.stats(),
        queue,
        batches: batcher.stats(),
        log: log.stats(),
        direct: !reading.buffered,
        pinned,
        huge_pages: blocks.effective().huge_pages.is_some(),
        failure: shared.first_failure().map(str::to_owned),
    })
}

/// The reading side: the calling thread.
#[derive(Debug, Default)]
struct Reading {
    tally: Tally,
    bytes: u64,
    straddling: u64,
    /// Whether any input was read without `O_DIRECT`.
    buffered: bool,
}

impl Reading {
    /// Reads one file, cuts its blocks, and hands them to the parsers.
    #[expect(clippy::too_many_arguments, reason = "the reader touches every part of the pipeline once")]
    fn read(
        &mut self,
        config: &Config,
        file: usize,
        path: &Path,
        blocks: &BlockPool,
        shared: &Shared,
        parsers: &Sender<Work>,
        progress: &Progress,
    ) -> io::Result<()> {
        let mut source = Source::open(path, blocks)?;
        self.buffered |= !source.is_direct();
        let mut splitter = Splitter::new(file, config.parser.max_line);
        let mut result = Ok(());
        while shared.goes_on() {
            let block = match source.next_block() {
                Ok(Some(block)) => block,
                Ok(None) => break,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            };
            let length = block.len() as u64;
            self.bytes += length;
            splitter.push(block, source.arrived(), |work| {
                parsers.send(work).map_err(|_| io::Error::other("the parsers are gone"))
            })?;
            progress.advance(length);
        }
        if shared.goes_on()
            && let Some(work) = splitter.finish(Clock::Monotonic.now())
        {
            parsers.send(work).map_err(|_| io::Error::other("the parsers are gone"))?;
        }
        self.straddling += splitter.straddling;
        self.tally.merge(splitter.tally);
        result
    }
}

/// A parser thread: parses, filters and enriches until there is no more work.
fn parse(shared: &Shared, work: &Receiver<Work>, log: &Batcher<OwnedPooled<Output>>) -> Tally {
    let mut tally = Tally::default();
    while let Ok(work) = work.recv() {
        // Nothing closes the pool, and an output can always be made.
        let Ok(mut output) = shared.outputs.acquire_owned() else { break };
        output.arrived = work.arrived;
        for lines in work.lines() {
            shared.parser.parse(lines, &mut tally, |key, line| {
                let attribute = shared.cache.get_or_insert_ref(key.as_bytes(), || enrich(key, shared.enrich_cost));
                output.push(attribute, line);
            });
        }
        // The block is back in its pool before its survivors wait for the disk.
        drop(work);
        if output.len() > 0 && log.push(output).is_err() {
            shared.fail("the log's thread is gone".into());
        }
    }
    tally
}
