//! The rate that parsing alone reaches from memory, on the same threads: what the pipeline is held against.

use std::convert::Infallible;
use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bedplate::Demand;
use bedplate::mem::HugePages;
use bedplate::pool::BlockPool;
use bedplate::time;
use bedplate::topo::{SpawnError, WorkerSet};

use crate::engine::Config;
use crate::record::Tally;
use crate::source::Source;
use crate::split::{Splitter, Work};

/// As much of the input as is held in memory. More than the second-level caches hold, so that memory is read.
const SAMPLE: usize = 64 << 20;
/// The sample is parsed again until this has passed.
const AT_LEAST: Duration = Duration::from_millis(500);

/// Lines a second, over the first blocks of the files.
pub fn parse_alone(config: &Config) -> Result<f64, Box<dyn Error>> {
    let blocks = BlockPool::builder()
        .block_size(config.block)
        .max_blocks(SAMPLE / config.block + 4)
        .huge_pages(HugePages::Transparent, Demand::Prefer)
        .build()?;
    let sample = sample(config, &blocks)?;
    if sample.is_empty() {
        return Ok(0.0);
    }
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let lines = thread::scope(|scope| {
        let (next, sample) = (&next, &sample);
        let parsers =
            WorkerSet::builder(config.plan.clone()).pinning(Demand::Prefer).spawn_scoped(scope, move |_| {
                let mut tally = Tally::default();
                loop {
                    // Relaxed: the number alone says who parses what.
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= sample.len() && start.elapsed() >= AT_LEAST {
                        return tally.lines;
                    }
                    for lines in sample[at % sample.len()].lines() {
                        config.parser.parse(lines, &mut tally, |key, line| {
                            std::hint::black_box((key, line));
                        });
                    }
                }
            })?;
        let lines = parsers.join().into_iter().map(|lines| lines.expect("the parser does not panic")).sum();
        Ok::<u64, SpawnError>(lines)
    })?;
    Ok(lines as f64 / start.elapsed().as_secs_f64())
}

fn sample(config: &Config, blocks: &BlockPool) -> Result<Vec<Work>, Box<dyn Error>> {
    let mut sample = Vec::new();
    let most = SAMPLE / config.block;
    let regular = |path: &&PathBuf| path.is_file();
    for (file, path) in config.files.iter().filter(regular).enumerate() {
        let mut source = Source::open(path, blocks)?;
        let mut splitter = Splitter::new(file, config.parser.max_line);
        while blocks.stats().in_use < most
            && let Some(block) = source.next_block()?
        {
            splitter.push(block, time::Instant::default(), |work| {
                sample.push(work);
                Ok::<(), Infallible>(())
            })?;
        }
    }
    Ok(sample)
}
