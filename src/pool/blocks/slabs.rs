use std::io;
use std::mem;

use super::frame::Frame;
use super::region::Region;
use crate::mem::Effective;

/// Which slabs have memory, and why one may not lose it; under the store's lock.
///
/// The slab with the least number gets memory first, so that few slabs are in use where few suffice.
#[derive(Debug)]
pub(super) struct Slabs {
    /// The slabs up to the last that ever had memory.
    table: Vec<Slab>,
    /// Every slab before this one has memory.
    first_vacant: usize,
    committed: usize,
    pub(super) grown: u64,
    pub(super) trimmed: u64,
    /// What every slab so far obtained.
    effective: Option<Effective>,
}

#[derive(Clone, Debug, Default)]
struct Slab {
    committed: bool,
    /// How many hold the slab against losing its memory.
    pins: usize,
    /// How many of its blocks have ended, in a pool that is closed.
    ended: usize,
    /// How many of its blocks are idle, in the course of a trim; 0 else.
    idle: usize,
    /// To lose its memory, in the course of a trim.
    surplus: bool,
}

impl Slabs {
    pub(super) fn new() -> Self {
        Self { table: Vec::new(), first_vacant: 0, committed: 0, grown: 0, trimmed: 0, effective: None }
    }

    /// The slab to be added next, where not all have memory.
    pub(super) fn vacant(&self, region: &Region) -> Option<usize> {
        (self.first_vacant < region.layout().slabs()).then_some(self.first_vacant)
    }

    /// Gives the slab that is [`vacant`](Self::vacant) its memory.
    pub(super) fn commit(&mut self, slab: usize, region: &Region) -> io::Result<()> {
        debug_assert_eq!(Some(slab), self.vacant(region));
        if slab == self.table.len() {
            self.table.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
            self.table.push(Slab::default());
        }
        let obtained = region.commit(slab)?;
        self.effective = Some(match self.effective.take() {
            Some(all) => all.and(obtained),
            None => obtained,
        });
        self.table[slab].committed = true;
        self.committed += 1;
        let vacant = self.table[slab..].iter().position(|slab| !slab.committed);
        self.first_vacant = vacant.map_or(self.table.len(), |after| slab + after);
        Ok(())
    }

    /// Takes the memory of a slab of whose blocks none is idle, in use, or to be used again. Where the kernel refuses,
    /// the slab has it still.
    pub(super) fn decommit(&mut self, slab: usize, region: &Region) -> io::Result<()> {
        debug_assert!(self.table[slab].committed && self.table[slab].pins == 0);
        region.decommit(slab)?;
        self.table[slab].committed = false;
        self.committed -= 1;
        self.first_vacant = self.first_vacant.min(slab);
        Ok(())
    }

    /// A block of a closed pool has ended: takes the slab's memory where it was the last and nobody holds the slab.
    pub(super) fn ended(&mut self, frame: Frame, region: &Region) {
        let at = region.locate(frame).slab;
        self.table[at].ended += 1;
        self.release_ended(at, region);
    }

    fn release_ended(&mut self, at: usize, region: &Region) {
        let slab = &mut self.table[at];
        if slab.committed && slab.pins == 0 && slab.ended == region.layout().blocks_of(at) {
            // Where the kernel refuses, the memory goes with the whole range, when the last block has.
            let _ = self.decommit(at, region);
        }
    }

    /// Marks the slabs that can lose their memory while `keep` of the idle blocks remain, those with the greatest
    /// numbers first.
    pub(super) fn mark_surplus(&mut self, idle: &[Frame], keep: usize, region: &Region) {
        for frame in idle {
            self.table[region.locate(*frame).slab].idle += 1;
        }
        let mut left = idle.len();
        for (at, slab) in self.table.iter_mut().enumerate().rev() {
            let blocks = region.layout().blocks_of(at);
            slab.surplus = slab.pins == 0 && slab.idle == blocks && left - blocks >= keep;
            if slab.surplus {
                left -= blocks;
            }
            slab.idle = 0;
        }
    }

    pub(super) fn is_surplus(&self, frame: Frame, region: &Region) -> bool {
        self.table[region.locate(frame).slab].surplus
    }

    /// Takes the memory of the marked slabs.
    pub(super) fn decommit_surplus(&mut self, region: &Region) {
        for at in 0..self.table.len() {
            if mem::take(&mut self.table[at].surplus) && self.decommit(at, region).is_ok() {
                self.trimmed += 1;
            }
        }
    }

    /// Whether the slab of a frame has memory.
    pub(super) fn has_memory(&self, frame: Frame, region: &Region) -> bool {
        self.table[region.locate(frame).slab].committed
    }

    /// Holds every slab that has memory, and tells which of the numbers up to the last one have.
    pub(super) fn pin(&mut self) -> impl Iterator<Item = (usize, bool)> {
        let end = self.table.iter().rposition(|slab| slab.committed).map_or(0, |last| last + 1);
        self.table[..end].iter_mut().enumerate().map(|(at, slab)| {
            slab.pins += usize::from(slab.committed);
            (at, slab.committed)
        })
    }

    /// Undoes a pin of one slab.
    pub(super) fn unpin(&mut self, at: usize, region: &Region) {
        self.table[at].pins -= 1;
        self.release_ended(at, region);
    }

    pub(super) fn committed(&self) -> usize {
        self.committed
    }

    pub(super) fn pinned(&self) -> usize {
        self.table.iter().filter(|slab| slab.pins > 0).count()
    }

    pub(super) fn effective(&self) -> Effective {
        self.effective.clone().unwrap_or_default()
    }
}
