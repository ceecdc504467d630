//! Cuts blocks at newlines into pieces that can be parsed alone, and joins the lines that straddle two blocks.

use std::ops::Range;
use std::sync::Arc;

use bedplate::pool::Block;
use bedplate::time::Instant;

use crate::record::{Fault, FaultKind, Format, Lines, Tally};

/// About as many bytes of a block are one parser's work. A read has to be large to be cheap, and what a record waits for
/// is the work it lies in, so the two are not of one size.
const PIECE: usize = 64 << 10;

/// Whole lines, ready for a parser thread: a piece of a block, and before its first piece the line that began in the
/// block before it. The block goes back to its pool with the last of its pieces.
#[derive(Debug)]
pub struct Work {
    block: Option<Arc<Block>>,
    inside: Range<usize>,
    offset: u64,
    /// The straddling line, copied together, and where it starts.
    joined: Option<(Vec<u8>, u64)>,
    file: usize,
    format: Format,
    /// When the block came back from the kernel.
    pub arrived: Instant,
}

impl Work {
    /// The lines, in the order of the file.
    pub fn lines(&self) -> impl Iterator<Item = Lines<'_>> {
        let lines = |bytes, offset| Lines { bytes, file: self.file, offset, format: self.format };
        let joined = self.joined.as_ref().map(|(line, at)| lines(line.as_slice(), *at));
        let inside =
            self.block.as_ref().map(|block| lines(&block[self.inside.clone()], self.offset + self.inside.start as u64));
        joined.into_iter().chain(inside)
    }
}

/// Takes one file's blocks in order.
#[derive(Debug)]
pub struct Splitter {
    file: usize,
    max_line: usize,
    /// Told by the first block.
    format: Option<Format>,
    /// Where the next block starts.
    offset: u64,
    /// The start of a line whose end has not come yet, and where it stands.
    carry: Vec<u8>,
    carry_at: u64,
    /// Inside a line that is already counted as too long.
    skipping: bool,
    /// Lines that were copied because they straddle blocks.
    pub straddling: u64,
    /// Lines that were given up here.
    pub tally: Tally,
}

impl Splitter {
    pub fn new(file: usize, max_line: usize) -> Self {
        Self {
            file,
            max_line,
            format: None,
            offset: 0,
            carry: Vec::new(),
            carry_at: 0,
            skipping: false,
            straddling: 0,
            tally: Tally::default(),
        }
    }

    /// Takes the next block; hands out the lines that are whole now, piece by piece.
    pub fn push<E>(
        &mut self,
        block: Block,
        arrived: Instant,
        mut hand_out: impl FnMut(Work) -> Result<(), E>,
    ) -> Result<(), E> {
        let offset = self.offset;
        self.offset += block.len() as u64;
        let format = *self.format.get_or_insert_with(|| Format::of(&block));

        let Some(first) = memchr::memchr(b'\n', &block) else {
            self.extend_carry(&block, offset);
            return Ok(());
        };
        let open = self.skipping || !self.carry.is_empty();
        let mut joined = if open { self.close_carry(&block[..first]) } else { None };
        let last = memchr::memrchr(b'\n', &block).unwrap_or(first);
        self.extend_carry(&block[last + 1..], offset + last as u64 + 1);

        let mut start = if open { first + 1 } else { 0 };
        let block = Arc::new(block);
        while start <= last || joined.is_some() {
            let end = match block.get(start + PIECE..last) {
                Some(rest) => memchr::memchr(b'\n', rest).map_or(last + 1, |at| start + PIECE + at + 1),
                None => last + 1,
            };
            hand_out(Work {
                block: Some(Arc::clone(&block)),
                inside: start..end,
                offset,
                joined: joined.take(),
                file: self.file,
                format,
                arrived,
            })?;
            start = end;
        }
        Ok(())
    }

    /// The last line, where the file does not end in a newline.
    pub fn finish(&mut self, arrived: Instant) -> Option<Work> {
        let joined = self.close_carry(&[])?;
        let format = self.format.unwrap_or(Format::Text);
        Some(Work { block: None, inside: 0..0, offset: 0, joined: Some(joined), file: self.file, format, arrived })
    }

    fn extend_carry(&mut self, bytes: &[u8], at: u64) {
        if self.skipping || bytes.is_empty() {
            return;
        }
        if self.carry.is_empty() {
            self.carry_at = at;
        }
        if self.carry.len() + bytes.len() > self.max_line {
            self.give_up();
            self.skipping = true;
        } else {
            self.carry.extend_from_slice(bytes);
        }
    }

    /// Ends the open line with `bytes`.
    fn close_carry(&mut self, bytes: &[u8]) -> Option<(Vec<u8>, u64)> {
        if std::mem::take(&mut self.skipping) {
            return None;
        }
        if self.carry.len() + bytes.len() > self.max_line {
            self.give_up();
            return None;
        }
        if self.carry.is_empty() {
            return None;
        }
        self.carry.extend_from_slice(bytes);
        self.straddling += 1;
        Some((std::mem::take(&mut self.carry), self.carry_at))
    }

    fn give_up(&mut self) {
        self.tally.fault(Fault { file: self.file, offset: self.carry_at, kind: FaultKind::TooLong });
        self.carry.clear();
    }
}
