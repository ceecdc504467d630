use std::io;
use std::ops::Range;

use crate::sys::numa::{self, CHUNK, Place};

/// How many pages are where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageCounts {
    /// Nodes and their pages, by node; none has no page.
    pub(crate) on: Vec<(usize, usize)>,
    pub(crate) absent: usize,
    pub(crate) unknown: usize,
}

impl PageCounts {
    /// Asks the kernel about the pages at every `step` bytes of `range`, which begins with one, many at a time.
    pub(crate) fn located(range: &Range<usize>, step: usize) -> io::Result<Self> {
        let mut counts = Self::default();
        for_each_chunk(range, step, |addresses| numa::locate(addresses, |_, place| counts.add(place)))?;
        Ok(counts)
    }

    /// As [`located`](Self::located), by a call that may be allowed where that one is not, once for each page. For
    /// pages that are there.
    #[cfg(feature = "mem")]
    pub(crate) fn looked_up(range: &Range<usize>, step: usize) -> io::Result<Self> {
        let mut counts = Self::default();
        for address in range.clone().step_by(step) {
            counts.add(Place::Node(numa::node_at(address)?));
        }
        Ok(counts)
    }

    /// What `mincore` tells on a kernel without nodes, which are one then.
    pub(super) fn in_core(range: &Range<usize>) -> io::Result<Self> {
        let mut counts = Self::default();
        let mut pages = [0; CHUNK];
        let page = numa::page_size();
        for start in range.clone().step_by(page * CHUNK) {
            let part = start..range.end.min(start + page * CHUNK);
            let pages = &mut pages[..part.len().div_ceil(page)];
            numa::present(&part, pages)?;
            let present = pages.iter().filter(|page| **page & 1 == 1).count();
            counts.add_pages(0, present);
            counts.absent += pages.len() - present;
        }
        Ok(counts)
    }

    fn add(&mut self, place: Place) {
        match place {
            Place::Node(node) => self.add_pages(node, 1),
            Place::Absent => self.absent += 1,
            _ => self.unknown += 1,
        }
    }

    pub(super) fn add_pages(&mut self, node: usize, pages: usize) {
        match self.on.binary_search_by_key(&node, |(node, _)| *node) {
            Ok(at) => self.on[at].1 += pages,
            Err(at) if pages > 0 => self.on.insert(at, (node, pages)),
            Err(_) => {}
        }
    }
}

/// What is asked of memory that was had by a policy.
#[cfg(any(test, feature = "mem"))]
impl PageCounts {
    pub(crate) fn on(&self, node: usize) -> usize {
        self.on.binary_search_by_key(&node, |(node, _)| *node).map_or(0, |at| self.on[at].1)
    }

    pub(crate) fn present(&self) -> usize {
        self.on.iter().map(|(_, pages)| pages).sum()
    }

    pub(crate) fn total(&self) -> usize {
        self.present() + self.absent + self.unknown
    }

    /// Whether there is any page, and every one is on a node.
    pub(crate) fn is_complete(&self) -> bool {
        self.present() > 0 && self.present() == self.total()
    }

    pub(crate) fn nodes(&self) -> crate::topo::NodeSet {
        self.on.iter().map(|(node, _)| *node).collect()
    }
}

/// Calls `each` with the addresses at every `step` bytes of `range`, at most [`CHUNK`] at a time.
pub(super) fn for_each_chunk(
    range: &Range<usize>,
    step: usize,
    mut each: impl FnMut(&[usize]) -> io::Result<()>,
) -> io::Result<()> {
    let mut addresses = [0; CHUNK];
    let mut left = range.clone().step_by(step);
    loop {
        // In this order: an address that is taken has a place.
        let count = addresses.iter_mut().zip(left.by_ref()).map(|(place, address)| *place = address).count();
        if count == 0 {
            return Ok(());
        }
        each(&addresses[..count])?;
    }
}
