use std::fmt;
use std::io;
use std::ops::Range;

use super::numa_maps;
use super::page_counts::PageCounts;
use crate::sys::numa;
use crate::topo::NodeSet;

/// Tells on which nodes the pages of `region` are that are in memory. Touches none.
///
/// Pages at the ends count where the region has a byte of them. Huge pages count as the small pages they are made of.
/// The answer may be stale before the caller looks: the kernel moves pages between nodes where it balances
/// (`kernel.numa_balancing`), and takes them under memory pressure. A system call for every 512 pages.
///
/// Where a filter refuses that, as in many containers, this reads all mappings of the process from `/proc/self`; what
/// that says is less exact, as [`ResidencySource::NumaMaps`] tells.
///
/// # Errors
///
/// What the kernel said where it refuses to tell, and `/proc/self` does not either.
///
/// ```
/// use bedplate::topo::{ResidencySource, residency};
///
/// let touched = vec![1; 1 << 20];
/// let found = residency(&touched)?;
/// println!("{found}"); // 257 pages on node 0
/// if found.source == ResidencySource::MovePages {
///     assert_eq!(found.on.iter().map(|(_, pages)| pages).sum::<usize>(), found.pages());
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn residency(region: &[u8]) -> io::Result<Residency> {
    let page = numa::page_size();
    let pages = pages_of(region);
    let found = |source, counts: PageCounts| Residency {
        on: counts.on,
        absent: counts.absent,
        unknown: counts.unknown,
        page,
        source,
    };
    match PageCounts::located(&pages, page) {
        Ok(counts) => Ok(found(ResidencySource::MovePages, counts)),
        Err(refused) => match numa_maps::read(&pages) {
            Ok(counts) => Ok(found(ResidencySource::NumaMaps, counts)),
            // Without nodes the kernel has neither that call nor that file. Without /proc, there is nothing to see.
            Err(missing) if numa_maps::kernel_has_none(&refused, &missing) => {
                Ok(found(ResidencySource::OneNode, PageCounts::in_core(&pages)?))
            }
            Err(other) => Err(io::Error::new(refused.kind(), format!("{refused}; /proc/self/numa_maps: {other}"))),
        },
    }
}

/// The addresses of the pages that `region` has a byte of; empty for an empty region.
pub(super) fn pages_of(region: &[u8]) -> Range<usize> {
    let page = numa::page_size();
    let start = region.as_ptr().addr();
    match region.len() {
        0 => start..start,
        len => start / page * page..(start + len).next_multiple_of(page),
    }
}

/// Where the pages of a region are: what [`residency`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Residency {
    /// Nodes, and how many pages of the region are on each, by node. Those with none are left out.
    pub on: Vec<(usize, usize)>,
    /// How many pages are not in memory: swapped out, not touched yet, read and never written to (all of those are one
    /// page of zeros, which belongs to no process), or just then on their way from one node to another. Not every
    /// kernel tells these apart.
    pub absent: usize,
    /// Of how many pages the kernel does not tell.
    pub unknown: usize,
    /// What a page is here, in bytes: the machine's page, also where the region is in huge pages.
    pub page: usize,
    /// Who told.
    pub source: ResidencySource,
}

/// Where a [`Residency`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResidencySource {
    /// The call `move_pages`, which is exact.
    MovePages,
    /// `/proc/self/numa_maps`, because that call was refused. It counts whole mappings: the counts are those of all
    /// mappings that the region has a byte of.
    NumaMaps,
    /// The kernel was built without nodes: what is in memory is on node 0, pages of zeros that were only
    /// read included.
    OneNode,
}

impl Residency {
    /// How many pages were looked at.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.on.iter().map(|(_, pages)| pages).sum::<usize>() + self.absent + self.unknown
    }

    /// The nodes that have pages of the region.
    #[must_use]
    pub fn nodes(&self) -> NodeSet {
        self.on.iter().map(|(node, _)| *node).collect()
    }

    /// How many pages are on a node.
    #[must_use]
    pub fn on_node(&self, node: usize) -> usize {
        self.on.iter().find(|(on, _)| *on == node).map_or(0, |(_, pages)| *pages)
    }

    /// Whether every page is in memory, and on this node. False of an empty region. With
    /// [`ResidencySource::NumaMaps`] it may say no where yes is true, because of other data in the same mapping; never
    /// the other way round.
    #[must_use]
    pub fn is_on(&self, node: usize) -> bool {
        self.on_node(node) > 0 && self.on_node(node) == self.pages()
    }
}

/// As in `12 pages on node 0, 4 on node 1, 3 not in memory`.
impl fmt::Display for Residency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = self.on.iter().map(|(node, pages)| (*pages, format!(" on node {node}")));
        let rest = [(self.absent, " not in memory"), (self.unknown, " not known")];
        let rest = rest.into_iter().filter(|(pages, _)| *pages > 0).map(|(pages, what)| (pages, what.to_owned()));
        let mut first = true;
        for (pages, what) in on.chain(rest) {
            match (first, pages) {
                (true, 1) => write!(f, "1 page{what}")?,
                (true, _) => write!(f, "{pages} pages{what}")?,
                (false, _) => write!(f, ", {pages}{what}")?,
            }
            first = false;
        }
        if first { f.write_str("no pages") } else { Ok(()) }
    }
}
