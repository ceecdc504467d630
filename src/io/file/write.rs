use std::io;

use super::DirectFile;
use super::asked::Asked;
use super::uninterrupted::uninterrupted;
use crate::io::{NotAtomic, WriteOptions};
use crate::sys::file::{self, Flags, MAX_TRANSFER};

impl DirectFile {
    /// Writes at `offset` as many bytes of `buf` as one call takes, at most 2,147,479,552.
    ///
    /// # Errors
    ///
    /// [`Misaligned`](crate::io::Misaligned) inside an [`InvalidInput`](io::ErrorKind::InvalidInput);
    /// [`SyncLost`](crate::io::SyncLost) after a failed sync; otherwise those of `pwrite`, never `Interrupted`. A direct
    /// write that finds no space ([`StorageFull`](io::ErrorKind::StorageFull)) writes nothing, not the part that there
    /// would be space for.
    #[inline]
    pub fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        Ok(self.write_once(buf, offset, Asked::NOTHING)?.0)
    }

    /// As [`write_at`](Self::write_at), with options.
    ///
    /// # Errors
    ///
    /// As [`write_at`](Self::write_at); [`NotAtomic`] where an atomic write is required and this cannot be one;
    /// [`Unsupported`](io::ErrorKind::Unsupported) where another required option is refused;
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) where a write that is not to wait would have to.
    ///
    /// The error of a durable write may be the report that data of other writes was lost, which the kernel gives once. So
    /// it poisons the handle as that of [`sync_data`](Self::sync_data) does, unless it is one that is found before
    /// anything is written: a misuse, [`WouldBlock`](io::ErrorKind::WouldBlock), and no space for a direct write.
    pub fn write_at_with(&self, buf: &[u8], offset: u64, options: WriteOptions) -> io::Result<usize> {
        let (n, flags) = self.write_once(buf, offset, self.write_asked(buf.len(), offset, options)?)?;
        if options.durable && !flags.contains(Flags::DSYNC) {
            self.sync_data()?;
        }
        Ok(n)
    }

    /// Writes all of `buf` at `offset`.
    ///
    /// # Errors
    ///
    /// [`WriteZero`](io::ErrorKind::WriteZero) where the file takes no more; otherwise as [`write_at`](Self::write_at).
    /// How much was written before the error is not said.
    pub fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.write_rest(buf, offset, |buf, offset| self.write_at(buf, offset))
    }

    /// As [`write_all_at`](Self::write_all_at), with options. Where all is durable only after a sync, there is one.
    ///
    /// # Errors
    ///
    /// As [`write_all_at`](Self::write_all_at) and [`write_at_with`](Self::write_at_with).
    pub fn write_all_at_with(&self, buf: &[u8], offset: u64, options: WriteOptions) -> io::Result<()> {
        let mut durable = true;
        self.write_rest(buf, offset, |buf, offset| {
            let (n, flags) = self.write_once(buf, offset, self.write_asked(buf.len(), offset, options)?)?;
            durable &= flags.contains(Flags::DSYNC);
            Ok(n)
        })?;
        if options.durable && !durable { self.sync_data() } else { Ok(()) }
    }

    /// One call of the kernel, and what it was asked in the end.
    #[inline]
    fn write_once(&self, buf: &[u8], offset: u64, asked: Asked) -> io::Result<(usize, Flags)> {
        self.check_lost()?;
        if !self.fits(buf.as_ptr().addr(), buf.len(), offset) {
            if buf.is_empty() {
                return Ok((0, Flags::NONE));
            }
            return Err(self.misaligned(buf.as_ptr().addr(), buf.len(), offset));
        }
        // A power of two that is greater than the limit's page must not be cut by it.
        let buf = &buf[..buf.len().min(self.alignment.down(MAX_TRANSFER as u64) as usize)];
        let (n, flags) = if asked.is_nothing() {
            (uninterrupted(|| self.storage.write_at(buf, offset, Flags::NONE))?, Flags::NONE)
        } else {
            self.refused_writes.negotiate(asked, |flags| self.write_flagged(buf, offset, flags))?
        };
        self.counted_write(n);
        if !asked.is_nothing() {
            self.counts.local().flags(flags);
            // A durable write without the flag is followed by a sync, so nothing is missing.
            if !flags.and(Flags::DSYNC).contains(asked.wished) {
                self.counts.local().degrade();
            }
        }
        Ok((n, flags))
    }

    fn write_flagged(&self, buf: &[u8], offset: u64, flags: Flags) -> io::Result<usize> {
        uninterrupted(|| self.storage.write_at(buf, offset, flags)).inspect_err(|e| {
            if flags.contains(Flags::DSYNC) && file::may_concern_others(e, self.passes_cache()) {
                self.poison(e);
            }
        })
    }

    fn write_asked(&self, len: usize, offset: u64, options: WriteOptions) -> io::Result<Asked> {
        let mut asked = Asked::NOTHING;
        if options.durable {
            asked.wish(Flags::DSYNC);
        }
        if options.no_wait {
            asked.need(Flags::NOWAIT);
        }
        if !self.passes_cache() {
            asked.demand(options.uncached, Flags::DONTCACHE);
        }
        if self.atomic.is_some_and(|offered| offered.take(len, offset)) {
            asked.demand(options.atomic, Flags::ATOMIC);
        } else if options.atomic.required() {
            return Err(NotAtomic { offered: self.atomic, offset, len }.into());
        } else if options.atomic.wanted() {
            self.counts.local().degrade();
        }
        Ok(asked)
    }

    /// Writes all of `buf` by as many calls as it takes.
    fn write_rest(
        &self,
        buf: &[u8],
        offset: u64,
        mut write: impl FnMut(&[u8], u64) -> io::Result<usize>,
    ) -> io::Result<()> {
        let step = self.alignment.step();
        let mut done = 0;
        let mut again = true;
        while done < buf.len() {
            let n = write(&buf[done..], offset + done as u64)?;
            // A short write may end inside an aligned unit: the rest must begin at one, so that unit is written again.
            // Once more where it was the first, since the second call is told why the first ended.
            let whole = if done + n == buf.len() { n } else { n & !(step - 1) };
            if whole == 0 && (n == 0 || !again) {
                return Err(io::ErrorKind::WriteZero.into());
            }
            again = whole > 0;
            done += whole;
        }
        Ok(())
    }
}
