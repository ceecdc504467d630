use std::io;

use super::DirectFile;
use super::uninterrupted::uninterrupted;
use crate::io::SyncLost;
use crate::io::storage::Storage;
use crate::primitive::atomic::Ordering;

/// `EIO`: what a failure without an errno is remembered as.
const UNKNOWN: i32 = 5;

impl DirectFile {
    /// Returns when all writes that returned before are on the disk, with the length of the file (`fdatasync`).
    ///
    /// The first error is final. The kernel reports that data could not be written back once, and then forgets it: so
    /// that a later success is not mistaken for durability, every later write, change of length and sync of this handle
    /// fails, on whichever thread, and the sync is not repeated. Reads go on: they tell what is there.
    ///
    /// The name of a new file is durable with its directory, not with the file.
    ///
    /// # Errors
    ///
    /// Those of `fdatasync`; [`SyncLost`] after a failed sync.
    pub fn sync_data(&self) -> io::Result<()> {
        self.sync(|storage| storage.sync_data())
    }

    /// As [`sync_data`](Self::sync_data), with times and permissions (`fsync`).
    ///
    /// # Errors
    ///
    /// As [`sync_data`](Self::sync_data).
    pub fn sync_all(&self) -> io::Result<()> {
        self.sync(|storage| storage.sync_all())
    }

    fn sync(&self, call: impl Fn(&dyn Storage) -> io::Result<()>) -> io::Result<()> {
        self.check_lost()?;
        // That it was interrupted is no report of lost data.
        match uninterrupted(|| call(&*self.storage)) {
            Ok(()) => {
                self.counted_sync();
                // Another thread's sync may have been told of the loss of what this thread wrote.
                self.check_lost()
            }
            Err(e) => {
                self.poison(&e);
                Err(e)
            }
        }
    }

    /// Remembers that what was written may be lost.
    #[cold]
    pub(in crate::io) fn poison(&self, error: &io::Error) {
        let errno = error.raw_os_error().filter(|errno| *errno > 0).unwrap_or(UNKNOWN).unsigned_abs();
        // The first cause stays. Release pairs with the Acquire in `check_lost`.
        let _ = self.lost.compare_exchange(0, errno, Ordering::Release, Ordering::Relaxed);
    }

    #[inline]
    pub(in crate::io) fn check_lost(&self) -> io::Result<()> {
        // Acquire pairs with the Release in `poison`: who was told of a failed sync by its thread finds the poison.
        match self.lost.load(Ordering::Acquire) {
            0 => Ok(()),
            errno => Err(SyncLost { errno: errno as i32 }.into()),
        }
    }
}
