//! What memory is asked to be like, and how that is obtained: one place for mappings, the allocator of mappings, and
//! pools.

use std::io;
use std::ops::Range;

use super::{Effective, HugePages, smaps};
use crate::sys::Demand;
use crate::sys::memory::{Pages, huge_page_size, page_size};
use crate::topo::{self, MemPolicy, PageCounts};

/// What memory is asked to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) huge_pages: Option<(HugePages, Demand)>,
    /// Where it is to come from.
    pub(crate) memory: Option<(MemPolicy, Demand)>,
    pub(crate) prefault: bool,
}

impl Wishes {
    pub(crate) const NONE: Self = Self { huge_pages: None, memory: None, prefault: false };

    /// New memory of [`mapped_len`](Self::mapped_len) bytes, of which the first `len` are as wished, at a multiple of
    /// `align`. `len` is not zero.
    ///
    /// Where HugeTLB pages are preferred and refused, this begins anew without them: they are a kind of mapping. All
    /// else is asked of a mapping that is there.
    pub(crate) fn map(&self, len: usize, align: usize) -> io::Result<(Pages, Effective)> {
        let whole = self.mapped_len(len)?;
        if let Some(page) = self.huge_tlb(len)? {
            let mapped = Pages::map_huge_tlb(whole, align.max(page), page).and_then(|mut pages| {
                // All of it: the last page is set aside whole.
                let effective = self.furnish(&mut pages, 0..whole)?;
                Ok((pages, effective))
            });
            match mapped {
                Err(refused) if self.requires_huge_pages() => {
                    let text = format!("no {whole} bytes in HugeTLB pages of {page} bytes: {refused}");
                    return Err(io::Error::new(refused.kind(), text));
                }
                Err(_) => {}
                mapped => return mapped,
            }
        }
        let mut pages = Pages::map(whole, align.max(self.transparent(len)?.unwrap_or(page_size())))?;
        let effective = self.furnish(&mut pages, 0..len)?;
        Ok((pages, effective))
    }

    /// The bytes that are mapped for `len` bytes: whole pages of the size asked for, also where that was refused.
    pub(crate) fn mapped_len(&self, len: usize) -> io::Result<usize> {
        len.checked_next_multiple_of(self.page(len)?).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    /// The size of the pages that `len` bytes are to be in.
    pub(crate) fn page(&self, len: usize) -> io::Result<usize> {
        Ok(self.huge_tlb(len)?.or(self.transparent(len)?).unwrap_or(page_size()))
    }

    /// Binds `range` of `pages`, which starts at a page and which nobody has touched, puts it in huge pages and faults
    /// it in, as wished. In this order: where a page comes from is decided when it is first touched.
    pub(crate) fn furnish(&self, pages: &mut Pages, range: Range<usize>) -> io::Result<Effective> {
        let mut effective = Effective::default();
        let transparent = self.transparent(range.len())?.filter(|_| pages.page() == page_size());
        // What is left of the last page is the mapping's too, and would be a page of another kind if it were left out.
        let end = range.end.next_multiple_of(transparent.unwrap_or(pages.page())).min(pages.len());
        let whole = range.start..end;
        let bound = self.bind(pages, whole.clone())?;
        if pages.page() > page_size() {
            pages.populate(range.clone())?;
            effective = Effective { huge_pages: Some(pages.page()), prefaulted: true, ..effective };
        } else if let Some(page) = transparent {
            match fill_with_huge_pages(pages, whole) {
                Ok(()) => effective = Effective { huge_pages: Some(page), prefaulted: true, ..effective },
                Err(refused) if self.requires_huge_pages() => {
                    return Err(io::Error::new(refused.kind(), format!("huge pages were refused: {refused}")));
                }
                Err(_) => {}
            }
        }
        // The attempt may have stopped halfway: what was asked for decides what is faulted in, not how far it came.
        if !effective.prefaulted && (self.prefault || bound.is_some() || self.wants_huge_pages(range.len())) {
            let required = self.prefault || bound.as_ref().is_some_and(|(_, demand)| demand.required());
            match pages.populate(range.clone()) {
                Err(error) if required => return Err(error),
                populated => effective.prefaulted = populated.is_ok(),
            }
        }
        if let Some((policy, demand)) = bound {
            let addresses = pages.addresses(&range);
            let step = effective.huge_pages.unwrap_or(page_size());
            match located(&addresses, step) {
                Ok(found) => {
                    effective.nodes = found.nodes();
                    effective.node = effective.nodes.first().filter(|node| found.on(*node) == found.total());
                    let on_its_nodes = is_on_nodes_of(&policy, &found);
                    if demand.required() && !on_its_nodes {
                        let text = format!("not all memory came by the policy {policy}: it is on {}", effective.nodes);
                        return Err(io::Error::other(text));
                    }
                    effective.policy =
                        Some(policy).filter(|policy| on_its_nodes && is_even(policy, &found, &addresses, step));
                }
                Err(refused) if demand.required() => return Err(refused_policy(&policy, &refused)),
                Err(_) => {}
            }
        }
        Ok(effective)
    }

    /// Asks for the policy for `range`, whole pages, and tells what was granted of it.
    fn bind(&self, pages: &Pages, range: Range<usize>) -> io::Result<Option<(MemPolicy, Demand)>> {
        let Some((policy, demand)) = self.memory.as_ref().filter(|(_, demand)| demand.wanted()) else {
            return Ok(None);
        };
        match topo::bind_pages(&pages.addresses(&range), policy, *demand) {
            Ok(settled) => Ok(Some((settled.effective, *demand))),
            Err(refused) if demand.required() => Err(refused_policy(policy, &refused.into())),
            Err(_) => Ok(None),
        }
    }

    pub(crate) fn requires_huge_pages(&self) -> bool {
        self.huge_pages.is_some_and(|(_, demand)| demand.required())
    }

    /// Whether `len` bytes are to be in huge pages: with a mere preference, only where they fill half of one.
    fn is_worth(&self, len: usize, page: usize) -> bool {
        self.requires_huge_pages() || len >= page / 2
    }

    /// Whether huge pages are asked for, be there any or not.
    fn wants_huge_pages(&self, len: usize) -> bool {
        match self.huge_pages {
            Some((HugePages::HugeTlb(page), demand)) => demand.wanted() && self.is_worth(len, page),
            Some((HugePages::Transparent, demand)) => {
                demand.wanted() && huge_page_size().is_some_and(|page| self.is_worth(len, page))
            }
            None => false,
        }
    }

    /// The size of the HugeTLB pages that `len` bytes are to be in, if any.
    pub(crate) fn huge_tlb(&self, len: usize) -> io::Result<Option<usize>> {
        let Some((HugePages::HugeTlb(page), demand)) = self.huge_pages else { return Ok(None) };
        HugePages::HugeTlb(page).check()?;
        Ok((demand.wanted() && self.is_worth(len, page)).then_some(page))
    }

    /// The size of the transparent huge pages that `len` bytes are to be in, if any.
    fn transparent(&self, len: usize) -> io::Result<Option<usize>> {
        let Some((HugePages::Transparent, demand)) = self.huge_pages else { return Ok(None) };
        match huge_page_size() {
            _ if !demand.wanted() => Ok(None),
            None if demand.required() => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "this kernel has no transparent huge pages"))
            }
            size => Ok(size.filter(|page| self.is_worth(len, *page))),
        }
    }
}

fn refused_policy(policy: &MemPolicy, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("memory by the policy {policy} was refused: {error}"))
}

/// Where the pages at every `step` bytes of `addresses` are, which are faulted in.
fn located(addresses: &Range<usize>, step: usize) -> io::Result<PageCounts> {
    match PageCounts::located(addresses, step) {
        Ok(found) if found.is_complete() => Ok(found),
        // Containers that let memory be bound often refuse that call all the same. And it passes over pages that the
        // kernel moves at that moment, to compact memory or to balance nodes, for which this one waits.
        _ => PageCounts::looked_up(addresses, step),
    }
}

/// Whether all pages are on nodes that the policy names, if it names any.
pub(super) fn is_on_nodes_of(policy: &MemPolicy, found: &PageCounts) -> bool {
    let named = policy.nodes();
    found.is_complete() && (named.is_empty() || found.nodes().is_subset(&named))
}

/// Whether each node of an interleaved policy has its share of the pages.
///
/// The kernel goes from node to node by the size of the page that it takes for a fault. Where it may have taken huge
/// pages, shares differ by up to one.
pub(super) fn is_even(policy: &MemPolicy, found: &PageCounts, addresses: &Range<usize>, step: usize) -> bool {
    let MemPolicy::Interleave(nodes) = policy else { return true };
    let has_room = |huge: &usize| addresses.start.next_multiple_of(*huge) + huge <= addresses.end;
    let spread = huge_page_size().filter(has_room).map_or(1, |huge| (huge / step).max(1));
    let shares = || nodes.iter().map(|node| found.on(node));
    shares().max().zip(shares().min()).is_some_and(|(most, least)| most - least <= spread)
}

/// Faults `range` in and makes sure that it is in huge pages.
fn fill_with_huge_pages(pages: &mut Pages, range: Range<usize>) -> io::Result<()> {
    pages.advise_huge(range.clone())?;
    pages.populate(range.clone())?;
    // The faults may have been served with small pages, under fragmentation or where the system's setting is `never`.
    // This call mends that where it can, and is the proof where it need not.
    let Err(refused) = pages.collapse(range.clone()) else { return Ok(()) };
    // Before Linux 6.1 there is no such call, but the faults may have been served with huge pages all the same.
    let start = pages.as_ptr().as_ptr().addr();
    match smaps::is_huge(&(start + range.start..start + range.end)) {
        Ok(true) => Ok(()),
        _ => Err(refused),
    }
}
