use std::io;
use std::ops::Range;

use crate::io::{Alignment, DirectFile};
use crate::pool::Block;
use crate::time::Instant;

/// How often a transfer that stops at the same place within a unit is made again: file systems over a network may stop
/// anywhere, the kernel's own only where the file ends.
const PATIENCE: u32 = 16;

/// Which way blocks go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) enum Direction {
    Read,
    Write,
}

/// A transfer between the front of a block and a place in the file.
#[derive(Debug)]
pub(in crate::io) struct Request {
    pub(in crate::io) block: Block,
    pub(super) span: Span,
}

/// Which bytes a request moves, and how many of them it has moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// In the file: a multiple of its alignment, as is `len`.
    pub(super) offset: u64,
    /// What the calls to the kernel ask for.
    len: usize,
    /// What counts of it, at most `len`: the rest is behind the end of the file, or padding.
    needed: usize,
    done: usize,
    /// How many calls in a row have moved no more than was moved before.
    stuck: u32,
}

/// What became of a request.
#[derive(Debug)]
pub(in crate::io) struct Done {
    pub(in crate::io) offset: u64,
    /// Its filled length is what was read, or what was to be written, padding included. Also there after an error, but
    /// where the ring broke down, which keeps what the kernel may still use.
    pub(in crate::io) block: Option<Block>,
    pub(in crate::io) result: io::Result<()>,
    /// When it came to its end, whenever it is taken.
    pub(in crate::io) at: Instant,
}

impl Request {
    /// Reads up to `needed` bytes at `offset`, which is aligned.
    pub(in crate::io) fn read(block: Block, offset: u64, needed: usize, alignment: Alignment) -> Self {
        let len = alignment.up(needed);
        debug_assert!(len <= block.capacity() && alignment.down(offset) == offset);
        Self { block, span: Span { offset, len, needed, done: 0, stuck: 0 } }
    }

    /// Writes the filled bytes of the block at `offset`, which is aligned, and zeros after them up to a whole unit.
    pub(in crate::io) fn write(mut block: Block, offset: u64, alignment: Alignment) -> Self {
        let needed = block.len();
        let len = alignment.up(needed);
        debug_assert!(alignment.down(offset) == offset);
        // What another user of the memory left there is not for the disk.
        block.as_full_mut()[needed..len].fill(0);
        block.set_len(len);
        Self { block, span: Span { offset, len, needed, done: 0, stuck: 0 } }
    }

    pub(super) fn finish(mut self, direction: Direction, result: io::Result<()>, at: Instant) -> Done {
        if direction == Direction::Read {
            self.block.set_len(self.span.done);
        }
        Done { offset: self.span.offset, block: Some(self.block), result, at }
    }

    /// Moves what is left of it, as many calls as that takes.
    pub(in crate::io) fn run(&mut self, file: &DirectFile, direction: Direction) -> io::Result<()> {
        let alignment = file.alignment();
        loop {
            let Range { start, end } = self.span.rest(alignment);
            let (part, offset) = (&mut self.block.as_full_mut()[start..end], self.span.offset + start as u64);
            let moved = match direction {
                Direction::Read => file.read_at(part, offset),
                Direction::Write => file.write_at(part, offset),
            };
            match moved {
                Ok(n) => {
                    if self.span.moved(n, direction, alignment)? {
                        return Ok(());
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl Span {
    /// The part of the block that the next call moves. A transfer that stopped within a unit is taken up at the start
    /// of that unit, since a direct one can begin nowhere else, in the file and in memory.
    pub(super) fn rest(&self, alignment: Alignment) -> Range<usize> {
        self.done - self.done % alignment.step()..self.len
    }

    /// Takes note of what a call for the [rest](Self::rest) moved. True where no other call is needed: all that counts
    /// was moved, or the file that is read ends there.
    pub(super) fn moved(&mut self, n: usize, direction: Direction, alignment: Alignment) -> io::Result<bool> {
        let reached = self.rest(alignment).start + n;
        if reached > self.done {
            (self.done, self.stuck) = (reached, 0);
            return Ok(reached >= self.needed);
        }
        // Nothing came, or the same piece of a unit as before.
        self.stuck += 1;
        if n > 0 && self.stuck < PATIENCE {
            return Ok(false);
        }
        match direction {
            Direction::Read => Ok(true),
            Direction::Write => Err(io::ErrorKind::WriteZero.into()),
        }
    }
}
