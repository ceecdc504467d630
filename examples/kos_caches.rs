//! Three caches of an operating-system layer: resolved paths, file attributes, and processes, each with the size and
//! the time to live that suit how fast its answers go stale.
//!
//! `cargo run --example kos_caches` asks again and again for some files of `/usr/include`, with scans of all of them in
//! between, and for the processes of this machine, and prints how often the caches knew the answer;
//! `cargo run --example kos_caches -- DIR` takes the files from DIR.

use std::fs::{self, Metadata};
use std::hash::Hash;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedplate::cache::{Cache, LoadError, Stats};

/// Paths to what they resolve to: directories are seldom moved, and a walk through links is dear. 1,000 entries, 60 s.
fn path_cache() -> Cache<PathBuf, Arc<Path>> {
    Cache::builder(1_000).ttl(Duration::from_secs(60)).build()
}

/// Attributes of files: sizes and times change while a file is written. 500 entries, 30 s.
fn stat_cache() -> Cache<Arc<Path>, Arc<Metadata>> {
    Cache::builder(500).ttl(Duration::from_secs(30)).build()
}

/// Names and states of processes: they come and go. 100 entries, 1 s.
fn process_cache() -> Cache<u32, Arc<str>> {
    Cache::builder(100).ttl(Duration::from_secs(1)).build()
}

/// How many files are asked for again and again. They fit in both caches; all that the scans ask for do not.
const HOT: usize = 200;
/// How often the hot files are asked for before each scan. If scans pushed them out, one in four look-ups would miss.
const VISITS: usize = 4;
const SCANS: usize = 10;
/// Where the scan stops.
const FILES: usize = 20_000;

const USAGE: &str = "usage: kos_caches [DIR]

Asks for files under DIR (default: /usr/include, or the source of this crate) and for processes through three
caches, and prints their hit ratios.";

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let dir = match &args[..] {
        [] => default_dir(),
        [help] if help == "--help" || help == "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [dir] if !dir.as_encoded_bytes().starts_with(b"-") => PathBuf::from(dir),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let files = match files_under(&dir) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("{}: {error}", dir.display());
            return ExitCode::from(2);
        }
    };
    ask_for_files(&dir, &files);
    ask_for_processes();
    ExitCode::SUCCESS
}

fn default_dir() -> PathBuf {
    let headers = PathBuf::from("/usr/include");
    if headers.is_dir() { headers } else { PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src")) }
}

/// A path as a system call would see it: resolved through one cache, its attributes from the other.
fn stat(
    paths: &Cache<PathBuf, Arc<Path>>,
    stats: &Cache<Arc<Path>, Arc<Metadata>>,
    path: &Path,
) -> Result<Arc<Metadata>, LoadError<io::Error>> {
    let resolved = paths.get_or_try_insert_ref(path, || fs::canonicalize(path).map(Arc::from))?;
    stats.get_or_try_insert_ref(&resolved, || fs::metadata(&resolved).map(Arc::new))
}

fn ask_for_files(dir: &Path, files: &[PathBuf]) {
    let (paths, stats) = (path_cache(), stat_cache());
    let hot = &files[..files.len().min(HOT)];
    println!("{} files under {}, {} of them asked for again and again", files.len(), dir.display(), hot.len());
    let start = Instant::now();
    let (mut bytes, mut failed) = (0, 0);
    let mut ask = |path: &Path| match stat(&paths, &stats, path) {
        Ok(metadata) => bytes += metadata.len(),
        Err(_) => failed += 1,
    };
    let mut hot_hits = [Ratio::default(), Ratio::default()];
    for _ in 0..SCANS {
        let before = [paths.stats(), stats.stats()];
        for path in (0..VISITS).flat_map(|_| hot) {
            ask(path);
        }
        for (ratio, (before, after)) in hot_hits.iter_mut().zip(before.iter().zip([paths.stats(), stats.stats()])) {
            ratio.add(before, &after);
        }
        files.iter().for_each(|path| ask(path));
    }
    println!("{bytes} bytes seen in {:?}, {failed} look-ups failed", start.elapsed());
    let [hot_paths, hot_stats] = hot_hits;
    report("path", &paths, hot_paths);
    report("stat", &stats, hot_stats);
}

fn ask_for_processes() {
    let Ok(entries) = fs::read_dir("/proc") else {
        println!("process: skipped, there is no /proc");
        return;
    };
    let processes = process_cache();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pids: Vec<u32> = pids.take(processes.capacity()).collect();
    let mut hits = Ratio::default();
    for _ in 0..SCANS * VISITS {
        let before = processes.stats();
        for &pid in &pids {
            // One that has ended meanwhile is an error, which is not remembered.
            let _ = processes
                .get_or_try_insert_with(pid, || fs::read_to_string(format!("/proc/{pid}/stat")).map(Arc::from));
        }
        hits.add(&before, &processes.stats());
    }
    println!("{} processes, asked for {} times", pids.len(), SCANS * VISITS);
    report("process", &processes, hits);
}

/// Regular files under `dir`, up to [`FILES`] of them; links to directories are not followed.
fn files_under(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut rest = vec![fs::read_dir(dir)?];
    while let Some(entries) = rest.last_mut() {
        let Some(entry) = entries.next() else {
            rest.pop();
            continue;
        };
        let Ok(entry) = entry else { continue };
        match entry.file_type() {
            // A directory that cannot be read has no files for us.
            Ok(kind) if kind.is_dir() => rest.extend(fs::read_dir(entry.path())),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
        if files.len() == FILES {
            break;
        }
    }
    Ok(files)
}

#[derive(Clone, Copy, Default)]
struct Ratio {
    hits: u64,
    misses: u64,
}

impl Ratio {
    fn add(&mut self, before: &Stats, after: &Stats) {
        self.hits += after.hits - before.hits;
        self.misses += after.misses - before.misses;
    }
}

fn report<K: Hash + Eq, V>(name: &str, cache: &Cache<K, V>, hot: Ratio) {
    let percent = |hits: u64, misses: u64| 100.0 * hits as f64 / (hits + misses).max(1) as f64;
    let stats = cache.stats();
    println!(
        "{name:>7}: {:>5.1} % of hot look-ups hit, {:>5.1} % of all {}; {} of {} entries held, {} evicted, {} expired",
        percent(hot.hits, hot.misses),
        percent(stats.hits, stats.misses),
        stats.hits + stats.misses,
        stats.len,
        stats.capacity,
        stats.evictions,
        stats.expirations
    );
}
