use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Range;

use super::DirectFile;
use super::asked::Asked;
use super::read::BOUNCE;
use super::uninterrupted::uninterrupted;
use crate::io::Alignment;
use crate::sys::file::{MAX_SEGMENTS, MAX_TRANSFER};

/// Where the segments of one transfer are, and how long.
trait Segment {
    fn bytes(&self) -> &[u8];
}

impl Segment for IoSlice<'_> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

impl Segment for IoSliceMut<'_> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// What the kernel is given in one call.
enum Batch {
    Segments(Range<usize>),
    /// A segment that is too long for one call.
    One(usize),
}

impl DirectFile {
    /// Reads at `offset` into the buffers, one after the other, as many bytes as one call gives; 0 is the end of the
    /// file.
    ///
    /// The read is aligned, and goes to the kernel as it is, where `offset` is and **each** buffer is, address and length:
    /// some devices take a transfer that is aligned only as a whole, others refuse it. At most 1024 buffers and
    /// 2,147,479,552 bytes come at once, and at most 256 KiB where the read is not aligned.
    ///
    /// # Errors
    ///
    /// As [`read_at`](Self::read_at).
    ///
    /// ```
    /// use std::io::IoSliceMut;
    /// use bedplate::io::DirectFile;
    ///
    /// let path = std::env::temp_dir().join(format!("bedplate-vectored-{}", std::process::id()));
    /// std::fs::write(&path, "head, and body")?;
    /// let file = DirectFile::options().read().open(&path)?;
    /// let (mut head, mut body) = ([0; 4], [0; 8]);
    /// let mut bufs = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
    /// file.read_exact_vectored_at(&mut bufs, 0)?;
    /// assert_eq!((&head, &body), (b"head", b", and bo"));
    /// std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn read_vectored_at(&self, bufs: &mut [IoSliceMut<'_>], offset: u64) -> io::Result<usize> {
        if !fit(bufs, offset, self.read_alignment) {
            return self.read_scattered(bufs, offset);
        }
        match batch(bufs, self.read_alignment) {
            Batch::One(i) => self.read_at(&mut bufs[i], offset),
            Batch::Segments(some) => {
                let n = uninterrupted(|| self.storage.read_vectored_at(&mut bufs[some.clone()], offset))?;
                self.counted_read(n);
                Ok(n)
            }
        }
    }

    /// Through an aligned buffer. Of a long read that begins aligned the part that is aligned goes as it is.
    #[cold]
    fn read_scattered(&self, bufs: &mut [IoSliceMut<'_>], offset: u64) -> io::Result<usize> {
        let total = bufs.iter().fold(0, |sum: usize, buf| sum.saturating_add(buf.len()));
        if total == 0 {
            return Ok(0);
        }
        if total > BOUNCE {
            let aligned = bufs.iter().take_while(|buf| self.read_fits(buf.as_ptr().addr(), buf.len(), offset)).count();
            if bufs[..aligned].iter().any(|buf| !buf.is_empty()) {
                return self.read_vectored_at(&mut bufs[..aligned], offset);
            }
        }
        let mut filled = 0;
        self.read_bounced(offset, total, Asked::NOTHING, |mut bytes| {
            filled = bytes.len();
            for buf in bufs {
                let (now, later) = bytes.split_at(buf.len().min(bytes.len()));
                buf[..now.len()].copy_from_slice(now);
                bytes = later;
            }
        })?;
        Ok(filled)
    }

    /// Fills the buffers from `offset` on, one after the other. What the slices of `bufs` are afterwards is not said; the
    /// buffers are full.
    ///
    /// # Errors
    ///
    /// As [`read_exact_at`](Self::read_exact_at).
    pub fn read_exact_vectored_at(&self, mut bufs: &mut [IoSliceMut<'_>], mut offset: u64) -> io::Result<()> {
        IoSliceMut::advance_slices(&mut bufs, 0);
        while !bufs.is_empty() {
            let n = self.read_vectored_at(bufs, offset)?;
            IoSliceMut::advance_slices(&mut bufs, n);
            offset += n as u64;
            if !bufs.is_empty() && (n == 0 || self.ends_at(offset)?) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Writes the buffers at `offset`, one after the other, as many bytes as one call takes: at most 1024 buffers and
    /// 2,147,479,552 bytes.
    ///
    /// # Errors
    ///
    /// As [`write_at`](Self::write_at): each buffer must be aligned, address and length.
    pub fn write_vectored_at(&self, bufs: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        self.check_lost()?;
        if let Some(buf) = bufs.iter().find(|buf| !self.fits(segment_address(*buf, self.alignment), buf.len(), offset))
        {
            return Err(self.misaligned(buf.as_ptr().addr(), buf.len(), offset));
        }
        match batch(bufs, self.alignment) {
            Batch::One(i) => self.write_at(&bufs[i], offset),
            Batch::Segments(some) => {
                let n = uninterrupted(|| self.storage.write_vectored_at(&bufs[some.clone()], offset))?;
                self.counted_write(n);
                Ok(n)
            }
        }
    }

    /// Writes all of the buffers at `offset`, one after the other. What the slices of `bufs` are afterwards is not said.
    ///
    /// # Errors
    ///
    /// As [`write_all_at`](Self::write_all_at) and [`write_vectored_at`](Self::write_vectored_at).
    ///
    /// ```
    /// use std::io::IoSlice;
    /// use bedplate::{io::DirectFile, mem::AlignedBuf};
    ///
    /// let path = std::env::temp_dir().join(format!("bedplate-gather-{}", std::process::id()));
    /// let file = DirectFile::options().write().create().open(&path)?;
    /// let (head, body) = (AlignedBuf::from_slice(&[1; 4096], 4096), AlignedBuf::from_slice(&[2; 8192], 4096));
    /// file.write_all_vectored_at(&mut [IoSlice::new(&head), IoSlice::new(&body)], 0)?;
    /// assert_eq!(std::fs::read(&path)?, [&head[..], &body[..]].concat());
    /// std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_all_vectored_at(&self, mut bufs: &mut [IoSlice<'_>], mut offset: u64) -> io::Result<()> {
        let mut again = true;
        IoSlice::advance_slices(&mut bufs, 0);
        while !bufs.is_empty() {
            let n = self.write_vectored_at(bufs, offset)?;
            let whole = whole(bufs, n, self.alignment.step());
            if whole == 0 && (n == 0 || !again) {
                return Err(io::ErrorKind::WriteZero.into());
            }
            again = whole > 0;
            IoSlice::advance_slices(&mut bufs, whole);
            offset += whole as u64;
        }
        Ok(())
    }
}

/// The address that counts for alignment: that of no bytes does not.
fn segment_address(segment: &impl Segment, alignment: Alignment) -> usize {
    if segment.bytes().is_empty() { alignment.memory } else { segment.bytes().as_ptr().addr() }
}

/// Whether each segment is aligned.
fn fit(segments: &[impl Segment], offset: u64, alignment: Alignment) -> bool {
    segments.iter().all(|s| alignment.allows(segment_address(s, alignment), s.bytes().len(), offset))
}

/// How much of the segments one call takes without being cut where it must not be.
fn batch(segments: &[impl Segment], alignment: Alignment) -> Batch {
    let most = alignment.down(MAX_TRANSFER as u64) as usize;
    // Many empty ones in front would be a call that moves nothing, and so looks like the end of the file.
    let first = segments.iter().position(|s| !s.bytes().is_empty()).unwrap_or(segments.len());
    let mut total = 0;
    for (i, segment) in segments.iter().enumerate().skip(first).take(MAX_SEGMENTS) {
        total += segment.bytes().len();
        if total > most {
            return if first == i { Batch::One(i) } else { Batch::Segments(first..i) };
        }
    }
    Batch::Segments(first..segments.len().min(first + MAX_SEGMENTS))
}

/// How far a transfer of aligned segments that ended after `n` bytes may be moved on, to be aligned again: to there, or
/// back to a multiple of `step` within the segment where it ended.
fn whole(segments: &[IoSlice<'_>], n: usize, step: usize) -> usize {
    let mut start = 0;
    for segment in segments {
        if n < start + segment.len() {
            return start + ((n - start) & !(step - 1));
        }
        start += segment.len();
    }
    start
}
