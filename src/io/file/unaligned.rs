use std::io;

use super::DirectFile;
use super::read::BOUNCE;
use crate::mem::AlignedBuf;

impl DirectFile {
    /// Writes all of `buf` at any `offset`, also where the file is direct.
    ///
    /// The aligned units that the write covers in part, at most the first and the last, are read, filled up and written
    /// back whole. So the caller holds the file alone, and nothing else may write to those units, or change the length of
    /// the file, at the same time: not another handle, not another process. What lies between goes straight from `buf`
    /// where its address allows it, and through a buffer of 256 KiB where not. A direct file must have been opened for
    /// reading too. Not durable before a sync.
    ///
    /// Afterwards the length of the file is what it was, or the end of the write where that is further, exactly. A direct
    /// file takes whole units only, so a write that ends inside the last one is made with zeros behind it, which are then
    /// cut off; another process may see them in between, and after a failure of power they may still be there.
    ///
    /// # Errors
    ///
    /// [`SyncLost`](crate::io::SyncLost) after a failed sync; those of reading and writing;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for an end that no file can have. Bytes outside of the range keep
    /// their values; of those inside, as many as were written before the error are new. The zeros behind the end are cut
    /// off after an error too, unless the cutting is what failed.
    ///
    /// ```
    /// use bedplate::io::DirectFile;
    ///
    /// let path = std::env::temp_dir().join(format!("bedplate-unaligned-{}", std::process::id()));
    /// std::fs::write(&path, "the old words")?;
    /// let mut file = DirectFile::options().read().write().open(&path)?;
    /// file.write_unaligned_at(b"new word, and more", 4)?;
    /// assert_eq!(std::fs::read(&path)?, b"the new word, and more");
    /// std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_unaligned_at(&mut self, buf: &[u8], offset: u64) -> io::Result<()> {
        if self.fits(buf.as_ptr().addr(), buf.len(), offset) {
            return self.write_all_at(buf, offset);
        }
        self.check_lost()?;
        if buf.is_empty() {
            return Ok(());
        }
        let unit = self.alignment.offset as u64;
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= i64::MAX as u64 - unit);
        let Some(end) = end else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the write ends where no file can"));
        };
        let old = self.len()?;
        let result = self.write_units(buf, offset, end, old);
        // The units that were written end here.
        let written = end.next_multiple_of(unit);
        let len = end.max(old);
        if written <= len {
            return result;
        }
        // Only what this write can have added is cut off, so also after an error.
        let cut = match self.len() {
            Ok(now) if now > len && now <= written && self.is_regular()? => self.set_len(len),
            Ok(_) => Ok(()),
            Err(e) => Err(e),
        };
        result.and(cut)
    }

    /// Writes whole units over the range from `offset` to `end`, from front to back. The file ends at `old`.
    fn write_units(&self, buf: &[u8], offset: u64, end: u64, old: u64) -> io::Result<()> {
        let unit = self.alignment.offset;
        let mut window = None;
        let mut at = offset;
        while at < end {
            let rest = &buf[(at - offset) as usize..];
            let before = (at - self.alignment.down(at)) as usize;
            let straight = self.alignment.down(rest.len() as u64) as usize;
            if before == 0 && straight > 0 && self.fits(rest.as_ptr().addr(), straight, at) {
                self.write_all_at(&rest[..straight], at)?;
                at += straight as u64;
                continue;
            }
            // The rest at once where it is little; of much only up to the next unit, if from there on it goes straight.
            let next = unit - before;
            let some = if rest.len() <= BOUNCE {
                rest.len()
            } else if self.fits(rest.as_ptr().addr().wrapping_add(next), 0, 0) {
                next
            } else {
                BOUNCE.max(unit) - before
            };
            let window = match &mut window {
                Some(window) => window,
                None => window.insert(self.aligned_buffer(self.alignment.up(before + some))?),
            };
            self.write_window(window, &rest[..some.min(rest.len())], at, old)?;
            at += some.min(rest.len()) as u64;
        }
        Ok(())
    }

    /// Writes `bytes` in the middle of units that keep what is there before and behind them.
    fn write_window(&self, window: &mut AlignedBuf, bytes: &[u8], at: u64, old: u64) -> io::Result<()> {
        let unit = self.alignment.offset;
        let start = self.alignment.down(at);
        let before = (at - start) as usize;
        let covered = before + bytes.len();
        let window = &mut window[..self.alignment.up(covered)];
        let last = window.len() - unit;
        if before > 0 {
            self.read_unit(&mut window[..unit], start, old)?;
        }
        if covered < window.len() && (before == 0 || last > 0) {
            self.read_unit(&mut window[last..], start + last as u64, old)?;
        }
        window[before..covered].copy_from_slice(bytes);
        self.write_all_at(window, start)
    }

    /// What a unit holds, with zeros behind the end of the file.
    fn read_unit(&self, unit: &mut [u8], at: u64, old: u64) -> io::Result<()> {
        let mut there = 0;
        if at < old {
            there = self.fill(unit, at)?;
            self.counts.local().patch();
        }
        unit[there..].fill(0);
        Ok(())
    }
}
