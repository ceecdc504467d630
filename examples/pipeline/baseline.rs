//! The same work in plain std: `BufReader`, an `mpsc` channel, a `HashMap` behind a `Mutex`, a buffered `File`.
//!
//! The parser, the number of parser threads and the number of syncs are those of the pipeline.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::{CACHE_TTL, Config};
use crate::enrich::enrich;
use crate::output::Checksum;
use crate::record::{Format, Lines, Tally};

/// How many lines travel in one message.
#[derive(Clone, Copy, Debug)]
pub enum Message {
    /// One: what `for line in reader.lines() { sender.send(line) }` does.
    Line,
    /// As many as fit into as many bytes as a block of the pipeline has.
    Block,
}

/// Lines of one file on their way to a parser.
struct Work {
    bytes: Vec<u8>,
    offset: u64,
    file: usize,
    format: Format,
}

#[derive(Debug)]
pub struct Run {
    pub tally: Tally,
    pub appended: Checksum,
    pub elapsed: Duration,
}

type Cache = Mutex<HashMap<Vec<u8>, (u64, Instant)>>;

/// Reads the files, writes the survivors to `out` and syncs it `syncs` times.
pub fn run(config: &Config, message: Message, out: &Path, survivors: u64, syncs: u64) -> io::Result<Run> {
    let start = Instant::now();
    let cache = Cache::default();
    let capacity = match message {
        Message::Line => 4096,
        Message::Block => 2 * config.plan.len(),
    };
    let (send_work, receive_work) = mpsc::sync_channel::<Work>(capacity);
    let receive_work = Mutex::new(receive_work);
    let (send_output, receive_output) = mpsc::sync_channel::<Vec<Vec<u8>>>(capacity);
    // A sync each time this many records are written makes as many as the pipeline made.
    let sync_every = survivors.div_ceil(syncs.max(1)).max(1);

    let (tally, appended) = thread::scope(|scope| {
        let writer = scope.spawn(move || write(out, &receive_output, sync_every));
        let parsers: Vec<_> = (0..config.plan.len())
            .map(|_| {
                let (receive_work, send_output, cache) = (&receive_work, send_output.clone(), &cache);
                scope.spawn(move || parse(config, receive_work, &send_output, cache))
            })
            .collect();
        drop(send_output);

        let read =
            config.files.iter().enumerate().try_for_each(|(file, path)| read(config, message, file, path, &send_work));
        drop(send_work);
        let mut tally = Tally::default();
        for parser in parsers {
            tally.merge(parser.join().expect("a parser does not panic"));
        }
        let appended = writer.join().expect("the writer does not panic")?;
        read.map(|()| (tally, appended))
    })?;
    Ok(Run { tally, appended, elapsed: start.elapsed() })
}

fn read(config: &Config, message: Message, file: usize, path: &Path, out: &mpsc::SyncSender<Work>) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(config.block, File::open(path)?);
    let format = Format::of(reader.fill_buf()?);
    let mut offset = 0;
    loop {
        let mut bytes = Vec::new();
        let mut ended = reader.read_until(b'\n', &mut bytes)? == 0;
        if matches!(message, Message::Block) {
            bytes.reserve(config.block);
            while !ended && bytes.len() + 256 < config.block {
                ended = reader.read_until(b'\n', &mut bytes)? == 0;
            }
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let length = bytes.len() as u64;
        // The parsers are gone only after a panic, which `run` reports.
        if out.send(Work { bytes, offset, file, format }).is_err() {
            return Ok(());
        }
        offset += length;
    }
}

fn parse(
    config: &Config,
    work: &Mutex<mpsc::Receiver<Work>>,
    out: &mpsc::SyncSender<Vec<Vec<u8>>>,
    cache: &Cache,
) -> Tally {
    let mut tally = Tally::default();
    loop {
        let received = work.lock().expect("no parser panics").recv();
        let Ok(Work { bytes, offset, file, format }) = received else { return tally };
        let mut records = Vec::new();
        config.parser.parse(Lines { bytes: &bytes, file, offset, format }, &mut tally, |key, line| {
            let attribute = look_up(cache, key, config.enrich_cost);
            let mut record = Vec::with_capacity(8 + line.len());
            record.extend_from_slice(&attribute.to_le_bytes());
            record.extend_from_slice(line.as_bytes());
            records.push(record);
        });
        if !records.is_empty() && out.send(records).is_err() {
            return tally;
        }
    }
}

fn look_up(cache: &Cache, key: &str, cost: Duration) -> u64 {
    let now = Instant::now();
    if let Some((attribute, expiry)) = cache.lock().expect("no parser panics").get(key.as_bytes())
        && now < *expiry
    {
        return *attribute;
    }
    let attribute = enrich(key, cost);
    cache.lock().expect("no parser panics").insert(key.as_bytes().to_vec(), (attribute, now + CACHE_TTL));
    attribute
}

fn write(path: &Path, records: &mpsc::Receiver<Vec<Vec<u8>>>, sync_every: u64) -> io::Result<Checksum> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut appended = Checksum::default();
    let mut unsynced = 0;
    for records in records {
        for record in &records {
            // Length and checksum before each record, as a log needs them.
            out.write_all(&(record.len() as u32).to_le_bytes())?;
            out.write_all(&crc32c::crc32c(record).to_le_bytes())?;
            out.write_all(record)?;
            appended.add(record);
        }
        unsynced += records.len() as u64;
        if unsynced >= sync_every {
            out.flush()?;
            out.get_ref().sync_data()?;
            unsynced = 0;
        }
    }
    out.flush()?;
    out.get_ref().sync_data()?;
    Ok(appended)
}
