//! Cuts blocks at their last newline, so that each can be parsed alone, and joins the lines that straddle two of them.

use std::ops::Range;

use bedplate::pool::Block;
use bedplate::time::Instant;

use crate::record::{Fault, FaultKind, Format, Lines, Tally};

/// Whole lines, ready for a parser thread: those inside a block, and the one that began in the block before it.
#[derive(Debug)]
pub struct Work {
    block: Option<Block>,
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

    /// Takes the next block; gives back the lines that are whole now, if there are any.
    pub fn push(&mut self, block: Block, arrived: Instant) -> Option<Work> {
        let offset = self.offset;
        self.offset += block.len() as u64;
        let format = *self.format.get_or_insert_with(|| Format::of(&block));

        let Some(first) = memchr::memchr(b'\n', &block) else {
            self.extend_carry(&block, offset);
            return None;
        };
        let last = memchr::memrchr(b'\n', &block).unwrap_or(first);
        let open = self.skipping || !self.carry.is_empty();
        let joined = if open { self.close_carry(&block[..first]) } else { None };
        let inside = if open { first + 1 } else { 0 }..last + 1;
        self.extend_carry(&block[last + 1..], offset + last as u64 + 1);

        Some(Work { block: Some(block), inside, offset, joined, file: self.file, format, arrived })
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
