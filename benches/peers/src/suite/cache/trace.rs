use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// How the keys of a trace are written down.
#[derive(Clone, Copy, Debug)]
enum Format {
    /// zstd text, a line is `start count ignored number`: the keys from start on, count of them.
    Arc,
    /// gzip text, a key a line; a star and empty lines are none.
    Lirs,
    /// xz, big-endian numbers of this many bytes.
    Binary(usize),
}

/// A recorded sequence of keys, and the capacities to replay it at.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// Its name in row ids.
    pub name: &'static str,
    /// Capacities to measure.
    pub capacities: &'static [usize],
    path: &'static str,
    format: Format,
}

/// The traces of the traces' README, in its order.
pub const ALL: [Trace; 11] = [
    trace("OLTP", &[256, 512, 1000, 2000], "arc/OLTP.lis.zst", Format::Arc),
    trace("P3", &[20_000, 160_000], "arc/P3.lis.zst", Format::Arc),
    trace("web07", &[500, 2000, 5000], "cache2k/web07.trace.xz", Format::Binary(4)),
    trace("2_pools", &[150, 300, 450], "lirs/2_pools.trace.gz", Format::Lirs),
    trace("cpp", &[50, 100], "lirs/cpp.trace.gz", Format::Lirs),
    trace("cs", &[500, 1000], "lirs/cs.trace.gz", Format::Lirs),
    trace("gli", &[500, 1000, 2000], "lirs/gli.trace.gz", Format::Lirs),
    trace("loop", &[256, 512], "lirs/loop.trace.gz", Format::Lirs),
    trace("multi1", &[500, 1000], "lirs/multi1.trace.gz", Format::Lirs),
    trace("ps", &[500, 1000], "lirs/ps.trace.gz", Format::Lirs),
    trace("scarab", &[25_000, 50_000, 75_000], "scarab/scarab-recs.trace.xz", Format::Binary(8)),
];

const fn trace(name: &'static str, capacities: &'static [usize], path: &'static str, format: Format) -> Trace {
    Trace { name, capacities, path, format }
}

impl Trace {
    /// Where the traces are, if they are anywhere.
    pub fn folder() -> Option<PathBuf> {
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/traces");
        let folder = std::env::var_os("BEDPLATE_TRACES").map_or_else(beside, PathBuf::from);
        folder.is_dir().then_some(folder)
    }

    /// Reads the keys, or says what is wrong.
    pub fn keys(&self, folder: &Path) -> Result<Vec<u64>, String> {
        let path = folder.join(self.path);
        let packed = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let keys = self.unpack(&packed).and_then(|bytes| self.parse(&bytes));
        keys.map_err(|error| format!("{}: {error}", path.display()))
    }

    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let done = match self.format {
            Format::Arc => ruzstd::decoding::StreamingDecoder::new(packed)
                .map_err(|error| error.to_string())?
                .read_to_end(&mut bytes)
                .map(drop)
                .map_err(|error| error.to_string()),
            Format::Lirs => flate2::read::MultiGzDecoder::new(packed)
                .read_to_end(&mut bytes)
                .map(drop)
                .map_err(|error| error.to_string()),
            Format::Binary(_) => {
                lzma_rs::xz_decompress(&mut BufReader::new(packed), &mut bytes).map_err(|error| format!("{error:?}"))
            }
        };
        done.map(|()| bytes)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Vec<u64>, String> {
        if let Format::Binary(width) = self.format {
            let numbers = bytes.chunks_exact(width);
            return Ok(numbers.map(|bytes| bytes.iter().fold(0, |key, &byte| key << 8 | u64::from(byte))).collect());
        }
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let number = |word: &str| word.parse::<u64>().map_err(|_| format!("'{word}' is no key"));
        let mut keys = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "*") {
            let mut words = line.split_ascii_whitespace();
            let first = number(words.next().unwrap_or_default())?;
            let count = match self.format {
                Format::Arc => number(words.next().unwrap_or_default())?,
                _ => 1,
            };
            keys.extend(first..first + count);
        }
        Ok(keys)
    }
}
