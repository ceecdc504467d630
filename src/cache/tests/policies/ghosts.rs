use crate::cache::FACTOR;
use crate::cache::ghosts::{Ghost, Left};

/// Lists of those who left, the newest first, 32 to a list and two for each entry.
#[derive(Debug)]
pub(in crate::cache::tests) struct NaiveGhosts {
    lists: Vec<Vec<(u32, Left, u8)>>,
}

impl NaiveGhosts {
    pub(in crate::cache::tests) fn new(entries: usize) -> Self {
        Self { lists: vec![Vec::new(); (2 * entries).div_ceil(32)] }
    }

    pub(in crate::cache::tests) fn lists(&self) -> usize {
        self.lists.len()
    }

    /// In which list a hash is, and the 12 bits by which it is known there.
    pub(in crate::cache::tests) fn place(&self, hash: u32) -> (usize, u32) {
        let product = u64::from(hash).wrapping_mul(FACTOR);
        let (high, low) = (product >> 32, product & 0xFFFF_FFFF);
        ((high * self.lists.len() as u64 / (1 << 32)) as usize, ((high ^ low) % (1 << 12)) as u32)
    }

    pub(in crate::cache::tests) fn push(&mut self, hash: u32, left: Left, frequency: u8) {
        let (list, print) = self.place(hash);
        self.lists[list].insert(0, (print, left, frequency.clamp(1, 7)));
        self.lists[list].truncate(32);
    }

    pub(in crate::cache::tests) fn take(&mut self, hash: u32) -> Option<Ghost> {
        if self.lists.is_empty() {
            return None;
        }
        let (list, print) = self.place(hash);
        let list = &mut self.lists[list];
        let at = list.iter().position(|ghost| ghost.0 == print)?;
        let (_, left, frequency) = list.remove(at);
        let rank = list[..at].iter().filter(|newer| newer.1 == left).count() as u32;
        Some(Ghost { left, rank, frequency })
    }

    pub(in crate::cache::tests) fn age(&mut self, list: usize) {
        self.lists[list].iter_mut().for_each(|ghost| ghost.2 = (ghost.2 / 2).max(1));
    }
}
