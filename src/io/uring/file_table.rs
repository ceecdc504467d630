use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;

use super::FileId;
use super::progress::{Ended, NOTHING_WRITTEN, Work};
use super::queues::Queues;
use crate::io::{Alignment, DirectFile};
use crate::sys::file::may_concern_others;

/// The files that operations name. Each is held as long as an operation may use it.
pub(super) struct FileTable {
    /// A file has one index as long as it is here.
    files: Vec<Option<OpenFile>>,
    /// The places of the kernel's table, by the same index; a file beyond goes by its descriptor.
    places: usize,
    generation: u32,
}

/// A file, and what an operation needs of it.
pub(super) struct OpenFile {
    pub(super) file: Arc<DirectFile>,
    generation: u32,
    /// A place of the kernel's table, or a descriptor.
    pub(super) name: FileName,
    pub(super) read: Alignment,
    pub(super) write: Alignment,
    /// Operations in flight.
    users: u32,
    /// It was unregistered, and goes with the last of its operations.
    leaving: bool,
}

/// How the kernel is told which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileName {
    Place(u32),
    Descriptor(RawFd),
}

impl FileTable {
    /// `places` is how many the kernel's table has, 0 where there is none.
    pub(super) fn new(places: usize) -> Self {
        Self { files: Vec::new(), places, generation: 0 }
    }

    pub(super) fn places(&self) -> usize {
        self.places
    }

    pub(super) fn add(&mut self, ring: u32, file: Arc<DirectFile>, queues: &mut Queues) -> io::Result<FileId> {
        let index = self.files.iter().position(Option::is_none).unwrap_or(self.files.len());
        let descriptor = file.as_fd().as_raw_fd();
        let name = if index < self.places {
            queues.set_file(index as u32, descriptor)?;
            FileName::Place(index as u32)
        } else {
            FileName::Descriptor(descriptor)
        };
        self.generation = self.generation.wrapping_add(1);
        let (read, write) = (file.read_alignment(), file.alignment());
        let open = OpenFile { file, generation: self.generation, name, read, write, users: 0, leaving: false };
        if index == self.files.len() {
            self.files.push(None);
        }
        self.files[index] = Some(open);
        Ok(FileId { ring, index: index as u32, generation: self.generation })
    }

    /// The file of an id that may be used for an operation.
    #[inline]
    pub(super) fn get(&self, id: FileId) -> Option<&OpenFile> {
        let open = self.files.get(id.index as usize)?.as_ref()?;
        (open.generation == id.generation && !open.leaving).then_some(open)
    }

    /// The file of an operation in flight.
    #[inline]
    pub(super) fn of(&self, index: u32) -> &OpenFile {
        self.files[index as usize].as_ref().expect("a file stays as long as one of its operations")
    }

    /// An operation on the file is in flight from now on.
    #[inline]
    pub(super) fn enlist(&mut self, index: u32) {
        if let Some(open) = &mut self.files[index as usize] {
            open.users += 1;
        }
    }

    /// One ended; whether the file is to be [swept](Self::sweep) out.
    #[inline]
    pub(super) fn release(&mut self, index: u32) -> bool {
        let Some(open) = &mut self.files[index as usize] else { return false };
        open.users -= 1;
        open.leaving && open.users == 0
    }

    /// Takes out the files that were only held for their operations.
    pub(super) fn sweep(&mut self, queues: &mut Queues) {
        for index in 0..self.files.len() as u32 {
            if self.files[index as usize].as_ref().is_some_and(|open| open.leaving && open.users == 0) {
                self.remove(index, queues);
            }
        }
    }

    /// Takes a file out, for new operations at once, for those in flight when they are over.
    pub(super) fn leave(&mut self, id: FileId, queues: &mut Queues) -> Option<Arc<DirectFile>> {
        let file = Arc::clone(&self.get(id)?.file);
        let open = self.files[id.index as usize].as_mut()?;
        open.leaving = true;
        if open.users == 0 {
            self.remove(id.index, queues);
        }
        Some(file)
    }

    fn remove(&mut self, index: u32, queues: &mut Queues) {
        if let Some(OpenFile { name: FileName::Place(place), .. }) = self.files[index as usize].take() {
            // Where the kernel refuses, it holds the file until the place is used again, or the ring ends.
            let _ = queues.set_file(place, -1);
        }
    }
}

impl OpenFile {
    /// What an operation that ended came to, for the file and for the caller.
    pub(super) fn conclude(&self, work: Work, ended: Ended) -> io::Result<usize> {
        let result = match ended.result {
            Ok(n) => Ok(n),
            Err(NOTHING_WRITTEN) => Err(io::ErrorKind::WriteZero.into()),
            Err(errno) => Err(io::Error::from_raw_os_error(errno)),
        };
        if let Some(errno) = ended.lost {
            self.file.poison(&io::Error::from_raw_os_error(errno));
        }
        if let (Work::Durable, Err(error)) = (work, &result) {
            let direct = self.write != Alignment::NONE;
            // One that was cancelled was not begun.
            if error.raw_os_error() != Some(libc::ECANCELED) && may_concern_others(error, direct) {
                self.file.poison(error);
            }
        }
        let n = result?;
        match work {
            Work::Read => self.file.counted_read(n),
            Work::Write => self.file.counted_write(n),
            Work::Sync => self.file.counted_sync(),
            Work::Durable | Work::WriteThenSync => {
                self.file.counted_write(n);
                self.file.counted_sync();
            }
        }
        match work {
            Work::Read | Work::Write => {}
            // Another's sync may have been told of the loss of what this one was to make durable.
            Work::Durable | Work::Sync | Work::WriteThenSync => self.file.check_lost()?,
        }
        Ok(n)
    }
}
