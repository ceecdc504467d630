use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::super::event::Event;
use super::super::random::Random;
use super::super::state::SECTOR;
use super::{Disk, Fault, Inner, Step, errno, fail, power};
use crate::io::storage::Storage;
use crate::io::tests::faults::{EIO, EOPNOTSUPP};
use crate::sys::file::{Flags, Space};

/// An open file of a [`Disk`].
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) disk: Disk,
    pub(super) file: usize,
    /// Nobody else may write to it before this handle is gone.
    pub(super) locked: bool,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.locked {
            self.disk.lock().locked.remove(&self.file);
        }
    }
}

impl Handle {
    fn check(&self, buf: &[u8], offset: u64) {
        let direct = self.disk.0.alignment;
        assert!(direct.is_none_or(|a| a.fits(buf, offset)), "{:p}+{} at {offset}", buf.as_ptr(), buf.len());
    }

    fn write(&self, buf: &[u8], offset: u64, flags: Flags) -> io::Result<usize> {
        assert!(self.locked, "a file that is open for reading is written to");
        let durable = flags.contains(Flags::DSYNC);
        let mut inner = self.disk.lock();
        let mut fault = inner.step(if durable { Step::DurableWrite } else { Step::Write })?;
        if !matches!(fault, Some(Fault::Errno(_))) {
            // A direct write that finds no space writes nothing.
            inner.check_space(self.file, offset as usize + buf.len())?;
        }
        let (op, file) = (inner.op(), self.file);
        inner.happen(Event::Write { op, file, at: offset as usize, bytes: buf.into() });
        drop(inner);
        if durable {
            fault = self.disk.0.gate.pass(offset, buf.len()).or(fault);
        }
        self.disk.delay(op);

        let mut inner = self.disk.lock();
        let mut random = Random::new(inner.seed ^ op.rotate_left(32));
        // What is under way when power is cut stays so.
        inner.crashed |= fault == Some(Fault::Crash);
        inner.check_power()?;
        let (taken, seed) = (buf.len(), random.next());
        match fault {
            None | Some(Fault::Crash) => inner.happen(Event::Written { op, file, taken, durable }),
            Some(Fault::Short) => {
                let taken = (random.below(taken.div_ceil(SECTOR) as u64) as usize + 1) * SECTOR;
                let taken = taken.min(buf.len());
                inner.happen(Event::Written { op, file, taken, durable });
                return Ok(taken);
            }
            Some(Fault::Errno(e)) => {
                inner.happen(Event::Written { op, file, taken: 0, durable: false });
                return Err(errno(e));
            }
            Some(Fault::Torn) => {
                inner.happen(Event::NotWritten { op, file, seed });
                return Err(errno(EIO));
            }
        }
        Ok(taken)
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.disk.lock();
        let fault = inner.step(Step::Sync)?;
        if inner.crashed {
            return Err(power());
        }
        let (op, file) = (inner.op(), self.file);
        inner.happen(Event::Sync { op, file });
        drop(inner);
        self.disk.delay(op);
        let mut inner = self.disk.lock();
        inner.check_power()?;
        match fail(fault) {
            Ok(()) => {
                inner.happen(Event::Synced { op, file });
                Ok(())
            }
            Err(e) => {
                let seed = Random::new(inner.seed ^ op.rotate_left(32)).next();
                inner.happen(Event::NotSynced { op, file, seed });
                Err(e)
            }
        }
    }

    fn extend(&self, inner: &mut Inner, len: usize) {
        if inner.state.files[self.file].current.len() != len {
            let (op, file) = (inner.op(), self.file);
            inner.happen(Event::SetLen { op, file, len });
        }
    }
}

impl Storage for Handle {
    /// An empty one: what is asked of it beside the calls below finds no data in it.
    fn file(&self) -> &File {
        static EMPTY: OnceLock<File> = OnceLock::new();
        EMPTY.get_or_init(|| tempfile::tempfile().unwrap())
    }

    fn read_at(&self, buf: &mut [u8], offset: u64, _: Flags) -> io::Result<usize> {
        self.check(buf, offset);
        let inner = self.disk.lock();
        inner.check_power()?;
        let content = Arc::clone(&inner.state.files[self.file].current);
        drop(inner);
        let rest = content.get(offset as usize..).unwrap_or(&[]);
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn read_vectored_at(&self, bufs: &mut [IoSliceMut<'_>], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        for buf in bufs {
            let n = self.read_at(buf, offset + done as u64, Flags::NONE)?;
            done += n;
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
        bufs.iter().filter(|buf| !buf.is_empty()).for_each(|buf| self.check(buf, offset));
        let all: Vec<u8> = bufs.iter().flat_map(|b| b.iter().copied()).collect();
        self.write(&all, offset, Flags::NONE)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.lock().state.files[self.file].current.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut inner = self.disk.lock();
        inner.step_or_fail(Step::Space)?;
        self.extend(&mut inner, len as usize);
        Ok(())
    }

    fn allocate(&self, space: Space, range: Range<u64>) -> io::Result<()> {
        let mut inner = self.disk.lock();
        inner.step_or_fail(Step::Space)?;
        match space {
            Space::Kept | Space::Reserved => {
                inner.check_space(self.file, range.end as usize)?;
                let len = inner.state.files[self.file].current.len().max(range.end as usize);
                if space == Space::Reserved {
                    self.extend(&mut inner, len);
                }
                Ok(())
            }
            Space::Zeros | Space::Hole => Err(errno(EOPNOTSUPP)),
        }
    }
}
