use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use super::storage::{Access, Directory};
use super::{AppendLog, AppendLogOptions, LogError};
use crate::io::storage::Storage;
use crate::io::{Alignment, DirectFile};
use crate::sys::file::{Flags, Space};

/// A directory in memory for models under loom, in which the writes of frames fail when they are told to.
///
/// Its lock is the standard library's: loom runs one thread at a time, and sees the accesses of the files and of the log
/// around each call. So a write is one step to the other threads, and may come before or after any of theirs.
#[derive(Clone, Debug, Default)]
pub struct LoomDisk(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    files: Vec<Arc<Mutex<Vec<u8>>>>,
    names: BTreeMap<String, usize>,
    frames: usize,
    fail: Option<usize>,
}

impl LoomDisk {
    /// An empty directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The log in it.
    pub fn open(&self, options: &AppendLogOptions) -> Result<AppendLog, LogError> {
        AppendLog::open_in(Arc::new(self.clone()), None, options)
    }

    /// Has the write of a frame fail with `EIO`, counted from 0 of those that come.
    pub fn fail(&self, frame: usize) {
        let mut content = self.content();
        content.fail = Some(content.frames + frame);
    }

    /// Writes of frames so far.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.content().frames
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    fn file(&self, file: usize) -> DirectFile {
        let bytes = Arc::clone(&self.content().files[file]);
        let alignment = Some(Alignment { memory: 512, offset: 4096 });
        DirectFile::with_storage(Box::new(Handle { disk: self.clone(), bytes }), alignment)
    }
}

impl Directory for LoomDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.content().names.keys().cloned().collect())
    }

    fn open(&self, name: &str, _: Access) -> io::Result<DirectFile> {
        let file = self.content().names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(file))
    }

    fn create(&self, name: &str) -> io::Result<DirectFile> {
        let mut content = self.content();
        content.files.push(Arc::default());
        let file = content.files.len() - 1;
        content.names.insert(name.to_owned(), file);
        drop(content);
        Ok(self.file(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut content = self.content();
        let file = content.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        content.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.content().names.remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(name)
    }

    fn now(&self) -> u64 {
        1
    }
}

#[derive(Debug)]
struct Handle {
    disk: LoomDisk,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Handle {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap()
    }
}

impl Storage for Handle {
    fn file(&self) -> &File {
        static NONE: OnceLock<File> = OnceLock::new();
        NONE.get_or_init(|| File::open("/dev/null").unwrap())
    }

    fn read_at(&self, buf: &mut [u8], offset: u64, _: Flags) -> io::Result<usize> {
        let bytes = self.bytes();
        let rest = bytes.get(offset as usize..).unwrap_or(&[]);
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn write_at(&self, buf: &[u8], offset: u64, flags: Flags) -> io::Result<usize> {
        // Those of frames are durable, and not at the beginning.
        if flags.contains(Flags::DSYNC) && offset > 0 {
            let mut content = self.disk.content();
            content.frames += 1;
            if content.fail == Some(content.frames - 1) {
                return Err(io::Error::from_raw_os_error(5));
            }
        }
        let mut bytes = self.bytes();
        let end = offset as usize + buf.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[offset as usize..end].copy_from_slice(buf);
        Ok(buf.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.bytes().resize(len as usize, 0);
        Ok(())
    }

    fn allocate(&self, _: Space, _: Range<u64>) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(95))
    }
}
