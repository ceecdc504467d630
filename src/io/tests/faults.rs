//! A file whose calls fail as they are told to.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::io::storage::Storage;
use crate::io::{Alignment, DirectFile};
use crate::sys::file::{self, Flags, Space};

/// Errnos that the tests hand out.
pub(crate) const EPERM: i32 = 1;
pub(crate) const EINTR: i32 = 4;
pub(crate) const EIO: i32 = 5;
pub(crate) const EAGAIN: i32 = 11;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENOSPC: i32 = 28;
pub(crate) const EOPNOTSUPP: i32 = 95;

/// The kinds of calls. Vectored transfers count as transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Read,
    Write,
    SyncData,
    SyncAll,
    Len,
    SetLen,
    Allocate,
}

/// What a call does instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and has done nothing.
    Errno(i32),
    /// It moves that many bytes at most.
    Short(usize),
    /// It writes, or finds space for, that many bytes and then fails.
    Torn(usize, i32),
}

#[derive(Debug)]
enum When {
    /// The call of that number, counted from 0 for each kind.
    Nth(usize),
    Always,
}

/// What is to go wrong, and what was called. Shared with the [`Faulty`] file, to be looked at and changed meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    rules: Vec<(Call, When, Fault)>,
    /// Transfers that carry one of these are refused.
    refused: u32,
    calls: Vec<Call>,
    /// The flags of each transfer that was made or refused.
    flags: Vec<Flags>,
    /// Offset and length of each transfer.
    ranges: Vec<(u64, usize)>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The call of that kind and number, from 0 of those since [`reset`](Self::reset), has a fault.
    pub(crate) fn on(&self, call: Call, number: usize, fault: Fault) -> &Self {
        self.script().rules.push((call, When::Nth(number), fault));
        self
    }

    /// All calls of that kind have a fault. Those of one number come before it.
    pub(crate) fn always(&self, call: Call, fault: Fault) -> &Self {
        self.script().rules.push((call, When::Always, fault));
        self
    }

    /// Transfers with one of these flags are `EOPNOTSUPP`.
    pub(crate) fn refuse(&self, flags: Flags) -> &Self {
        self.script().refused = flags.bits();
        self
    }

    /// Nothing goes wrong any more, and what was called is forgotten.
    pub(crate) fn reset(&self) {
        *self.script() = Script::default();
    }

    /// How many calls of that kind there were.
    pub(crate) fn count(&self, call: Call) -> usize {
        self.script().calls.iter().filter(|c| **c == call).count()
    }

    /// The flags of the transfers so far.
    pub(crate) fn flags(&self) -> Vec<Flags> {
        self.script().flags.clone()
    }

    /// Offset and length of the transfers so far.
    pub(crate) fn ranges(&self) -> Vec<(u64, usize)> {
        self.script().ranges.clone()
    }

    /// The file that these faults happen to.
    pub(crate) fn storage(&self, file: File) -> Box<dyn Storage> {
        Box::new(Faulty { file, faults: self.clone(), alignment: None })
    }

    /// The same, direct where there is an alignment. Transfers that do not keep to it panic.
    pub(crate) fn file(&self, file: File, alignment: Option<Alignment>) -> DirectFile {
        DirectFile::with_storage(Box::new(Faulty { file, faults: self.clone(), alignment }), alignment)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    /// The fault of the call that is made now.
    fn next(&self, call: Call) -> Option<Fault> {
        let mut script = self.script();
        let number = script.calls.iter().filter(|c| **c == call).count();
        script.calls.push(call);
        let mut fault = None;
        for (of, when, what) in &script.rules {
            match when {
                When::Nth(n) if *of == call && *n == number => return Some(*what),
                When::Always if *of == call => fault = Some(*what),
                _ => {}
            }
        }
        fault
    }

    /// As [`next`](Self::next), for a transfer.
    fn transfer(&self, call: Call, offset: u64, len: usize, flags: Flags) -> Option<Fault> {
        let fault = self.next(call);
        let mut script = self.script();
        script.flags.push(flags);
        script.ranges.push((offset, len));
        if flags.bits() & script.refused != 0 { Some(Fault::Errno(EOPNOTSUPP)) } else { fault }
    }
}

/// The file itself.
#[derive(Debug)]
struct Faulty {
    file: File,
    faults: Faults,
    alignment: Option<Alignment>,
}

fn errno(errno: i32) -> io::Error {
    io::Error::from_raw_os_error(errno)
}

impl Faulty {
    fn plain(&self, call: Call, does: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
        match self.faults.next(call) {
            Some(Fault::Errno(e) | Fault::Torn(_, e)) => Err(errno(e)),
            Some(Fault::Short(_)) | None => does(&self.file),
        }
    }

    fn check(&self, buf: &[u8], offset: u64) {
        assert!(self.alignment.is_none_or(|a| a.fits(buf, offset)), "{:p}+{} at {offset}", buf.as_ptr(), buf.len());
    }

    fn write(&self, buf: &[u8], offset: u64, flags: Flags) -> io::Result<usize> {
        match self.faults.transfer(Call::Write, offset, buf.len(), flags) {
            Some(Fault::Errno(e)) => Err(errno(e)),
            Some(Fault::Short(n)) => self.put(&buf[..n.min(buf.len())], offset),
            Some(Fault::Torn(n, e)) => {
                self.put(&buf[..n.min(buf.len())], offset)?;
                Err(errno(e))
            }
            None => self.put(buf, offset),
        }
    }

    fn put(&self, mut buf: &[u8], mut offset: u64) -> io::Result<usize> {
        let all = buf.len();
        while !buf.is_empty() {
            let n = file::write_at(&self.file, buf, offset, Flags::NONE)?;
            buf = &buf[n..];
            offset += n as u64;
        }
        Ok(all)
    }
}

impl Storage for Faulty {
    fn file(&self) -> &File {
        &self.file
    }

    fn read_at(&self, buf: &mut [u8], offset: u64, flags: Flags) -> io::Result<usize> {
        self.check(buf, offset);
        let len = match self.faults.transfer(Call::Read, offset, buf.len(), flags) {
            Some(Fault::Errno(e) | Fault::Torn(_, e)) => return Err(errno(e)),
            Some(Fault::Short(n)) => n.min(buf.len()),
            None => buf.len(),
        };
        file::read_at(&self.file, &mut buf[..len], offset, Flags::NONE)
    }

    fn read_vectored_at(&self, bufs: &mut [IoSliceMut<'_>], offset: u64) -> io::Result<usize> {
        bufs.iter().filter(|b| !b.is_empty()).for_each(|b| self.check(b, offset));
        let all = bufs.iter().map(|b| b.len()).sum();
        let mut rest = match self.faults.transfer(Call::Read, offset, all, Flags::NONE) {
            Some(Fault::Errno(e) | Fault::Torn(_, e)) => return Err(errno(e)),
            Some(Fault::Short(n)) => n.min(all),
            None => all,
        };
        let mut done = 0;
        for buf in bufs {
            let some = buf.len().min(rest);
            let n = file::read_at(&self.file, &mut buf[..some], offset + done as u64, Flags::NONE)?;
            done += n;
            rest -= n;
            if n < buf.len() {
                break;
            }
        }
        Ok(done)
    }

    fn write_at(&self, buf: &[u8], offset: u64, flags: Flags) -> io::Result<usize> {
        self.check(buf, offset);
        self.write(buf, offset, flags)
    }

    fn write_vectored_at(&self, bufs: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        bufs.iter().filter(|b| !b.is_empty()).for_each(|b| self.check(b, offset));
        let all: Vec<u8> = bufs.iter().flat_map(|b| b.iter().copied()).collect();
        self.write(&all, offset, Flags::NONE)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.plain(Call::SyncData, File::sync_data)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.plain(Call::SyncAll, File::sync_all)
    }

    fn len(&self) -> io::Result<u64> {
        let mut len = 0;
        self.plain(Call::Len, |file| {
            len = file::len(file)?;
            Ok(())
        })?;
        Ok(len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.plain(Call::SetLen, |file| file.set_len(len))
    }

    fn allocate(&self, space: Space, range: Range<u64>) -> io::Result<()> {
        match self.faults.next(Call::Allocate) {
            Some(Fault::Errno(e)) => Err(errno(e)),
            // As the kernel does it: what there was space for stays.
            Some(Fault::Torn(n, e)) => {
                file::allocate(&self.file, space, range.start..range.start + n as u64)?;
                Err(errno(e))
            }
            Some(Fault::Short(_)) | None => file::allocate(&self.file, space, range),
        }
    }
}
