//! A directory for a test, and segments written by hand.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::io::log::format::{self, FRAME_HEADER, FrameHeader, SECTOR, SegmentHeader};
use crate::io::log::recover::{End, recover};
use crate::io::log::segment::Segment;
use crate::io::log::segments::SegmentsConfig;
use crate::io::log::storage::{Access, Directory, FsDirectory};
use crate::io::{DirectFile, LogError, LogReader, Lsn};
use crate::sys::Demand;

pub(super) const FIRST: u64 = SECTOR as u64;
pub(super) const SIZE: u64 = 32 * SECTOR as u64;
pub(super) const CONFIG: SegmentsConfig =
    SegmentsConfig { segment_size: SIZE, spares: 1, retain_bytes: None, retain_for: None };

/// A directory that is removed in the end. Its changes of names are told, it can refuse to make files, and its clock is
/// set by hand.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) path: PathBuf,
    pub(super) inner: FsDirectory,
    pub(super) events: Mutex<Vec<String>>,
    pub(super) full: AtomicBool,
    pub(super) now: AtomicU64,
}

impl Scratch {
    pub(super) fn new(name: &str) -> Arc<Self> {
        let path = std::env::temp_dir().join(format!("bedplate-log-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        let inner = FsDirectory::open(&path, Demand::Off).unwrap();
        let (events, full, now) = Default::default();
        Arc::new(Self { path, inner, events, full, now })
    }

    pub(super) fn told(&self, event: String) {
        self.events.lock().unwrap().push(event);
    }

    pub(super) fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    pub(super) fn names(&self) -> Vec<String> {
        let mut names = self.inner.list().unwrap();
        names.sort();
        names
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        Segment::list(&self.inner).unwrap()
    }

    /// All names and bytes.
    pub(super) fn content(&self) -> Vec<(String, Vec<u8>)> {
        self.names().into_iter().map(|name| (name.clone(), fs::read(self.path.join(name)).unwrap())).collect()
    }

    pub(super) fn file(&self, number: u64) -> PathBuf {
        self.path.join(Segment::name(number))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Directory for Scratch {
    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn open(&self, name: &str, access: Access) -> io::Result<DirectFile> {
        self.inner.open(name, access)
    }

    fn create(&self, name: &str) -> io::Result<DirectFile> {
        if self.full.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.inner.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.told(format!("{from} > {to}"));
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.told(format!("- {name}"));
        self.inner.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.told("sync".into());
        self.inner.sync()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.inner.path(name)
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }
}

/// The bytes of a frame whose records have `lens` bytes, those of more than a sector outside.
pub(super) fn frame(seed: u32, offset: u64, first_lsn: u64, durable_lsn: u64, lens: &[usize]) -> Vec<u8> {
    let (mut inside, mut outside) = (vec![0; FRAME_HEADER], Vec::new());
    for (lsn, len) in (first_lsn..).zip(lens) {
        let data = data(lsn, *len);
        let at = inside.len();
        if *len > SECTOR {
            inside.resize(at + format::RECORD_HEADER, 0);
            outside.extend_from_slice(&data);
            outside.resize(outside.len().next_multiple_of(SECTOR), 0);
            format::encode_outside(seed, lsn, &data, &mut inside[at..]);
        } else {
            inside.resize(at + format::record_size(*len), 0);
            format::encode_record(seed, lsn, &data, &mut inside[at..]);
        }
    }
    let header = FrameHeader {
        first_lsn,
        durable_lsn,
        offset,
        time: first_lsn,
        count: lens.len() as u32,
        len: (inside.len() - FRAME_HEADER) as u32,
        outside: (outside.len() / SECTOR) as u32,
        body: format::body_crc(seed, &inside[FRAME_HEADER..]),
    };
    header.encode(seed, &mut inside);
    inside.resize(header.inside(), 0);
    inside.extend_from_slice(&outside);
    inside
}

pub(super) fn data(lsn: u64, len: usize) -> Vec<u8> {
    (0..len).map(|i| (lsn as usize * 7 + i) as u8 | 1).collect()
}

/// A segment that is written by hand.
pub(super) struct Pen {
    pub(super) path: PathBuf,
    pub(super) content: Vec<u8>,
    pub(super) seed: u32,
    pub(super) at: u64,
    pub(super) next: u64,
}

impl Pen {
    pub(super) fn new(scratch: &Scratch, number: u64, next: u64) -> Self {
        Self::sized(scratch, number, next, SIZE)
    }

    pub(super) fn sized(scratch: &Scratch, number: u64, next: u64, size: u64) -> Self {
        let header = SegmentHeader { number, epoch: number * 1000 + 7, size, previous: 0 };
        let mut content = vec![0; size as usize];
        header.encode(&mut content);
        let pen = Self { path: scratch.file(number), content, seed: header.seed(), at: FIRST, next };
        fs::write(&pen.path, &pen.content).unwrap();
        pen
    }

    /// Writes a frame and tells where.
    pub(super) fn frame(&mut self, durable: u64, lens: &[usize]) -> u64 {
        let bytes = frame(self.seed, self.at, self.next, durable, lens);
        let at = self.at;
        self.content[at as usize..][..bytes.len()].copy_from_slice(&bytes);
        (self.at, self.next) = (at + bytes.len() as u64, self.next + lens.len() as u64);
        fs::write(&self.path, &self.content).unwrap();
        at
    }

    pub(super) fn flip(&mut self, at: u64) {
        self.content[at as usize] ^= 1;
        fs::write(&self.path, &self.content).unwrap();
    }
}

pub(super) fn open(scratch: &Arc<Scratch>) -> Result<End, LogError> {
    recover(Arc::clone(scratch) as Arc<dyn Directory>, CONFIG)
}

pub(super) fn read_from(scratch: &Arc<Scratch>, from: u64) -> LogReader {
    LogReader::new(Arc::clone(scratch) as Arc<dyn Directory>, Lsn::new(from), None).unwrap()
}

pub(super) fn next(reader: &mut LogReader) -> Option<u64> {
    reader.next_record().unwrap().map(|record| record.lsn.get())
}

pub(super) fn corrupt(error: LogError) -> (PathBuf, u64, u64) {
    let LogError::Corrupt { path, offset, lsn } = error else { panic!("{error:?}") };
    (path, offset, lsn.get())
}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| *b == 0)
}

pub(super) fn next_lsn(reader: &mut LogReader) -> u64 {
    next(reader).unwrap()
}

/// A log of segments with ten records each, the last of which is written.
pub(super) fn log_of(scratch: &Arc<Scratch>, segments: u64) -> End {
    for number in 1..=segments {
        let first = number * 10 - 9;
        Pen::new(scratch, number, first).frame(first - 1, &[100; 10]);
    }
    open(scratch).unwrap()
}
