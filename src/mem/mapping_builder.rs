use std::io;

use super::{Effective, Mapping, smaps};
use crate::sys::Demand;
use crate::sys::memory::{Pages, huge_page_size, page_size};

/// What a [`Mapping`] is to be like. Made by [`Mapping::builder`].
#[derive(Clone, Debug)]
#[must_use = "call `build` to make the mapping"]
pub struct MappingBuilder {
    len: usize,
    huge_pages: Demand,
    prefault: bool,
}

impl MappingBuilder {
    pub(super) fn new(len: usize) -> Self {
        Self { len, huge_pages: Demand::Off, prefault: false }
    }

    /// Asks for transparent huge pages: fewer TLB misses, and one fault for 2 MiB (on most machines) instead of 512.
    /// `Off` where not set.
    ///
    /// Whether the kernel has any shows only when memory is touched, so this faults the mapping in. The mapping is
    /// aligned to the huge page, and so much memory is taken as fills the last one. `Prefer` goes without where the
    /// length does not fill half a huge page; `Require` takes a whole one then.
    pub fn huge_pages(mut self, demand: Demand) -> Self {
        self.huge_pages = demand;
        self
    }

    /// Takes the memory at once rather than at the first touch of each page.
    ///
    /// The kernel may kill the process rather than refuse where memory, or the control group's share of it, runs out.
    pub fn prefault(mut self) -> Self {
        self.prefault = true;
        self
    }

    /// Makes the mapping. Blocks for as long as the kernel takes to find and zero what is faulted in beforehand.
    ///
    /// # Errors
    ///
    /// - `InvalidInput` where the length is zero.
    /// - `OutOfMemory` where the address space has no such room, or the kernel's overcommit rule refuses.
    /// - Where huge pages are required and not to be had, what the kernel said (`Unsupported` where it was built
    ///   without them).
    pub fn build(self) -> io::Result<Mapping> {
        if self.len == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a mapping of zero bytes"));
        }
        match self.huge_page() {
            Ok(Some(huge_page)) => self.build_huge(huge_page),
            Err(refused) if self.huge_pages.required() => Err(refused),
            Ok(None) | Err(_) => self.build_plain(),
        }
    }

    /// The size of the huge pages to ask for, if any.
    fn huge_page(&self) -> io::Result<Option<usize>> {
        if !self.huge_pages.wanted() {
            return Ok(None);
        }
        let size = huge_page_size()
            .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "this kernel has no transparent huge pages"))?;
        Ok((self.huge_pages.required() || self.len >= size / 2).then_some(size))
    }

    fn build_plain(&self) -> io::Result<Mapping> {
        let mut pages = Pages::map(self.len, page_size())?;
        if self.prefault {
            pages.populate(self.len)?;
        }
        let effective = Effective { huge_pages: false, prefaulted: self.prefault };
        Ok(Mapping::from_parts(pages, self.len, effective))
    }

    fn build_huge(&self, huge_page: usize) -> io::Result<Mapping> {
        let whole = self.len.checked_next_multiple_of(huge_page).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut pages = Pages::map(whole, huge_page)?;
        let effective = match fill_with_huge_pages(&mut pages) {
            Ok(()) => Effective { huge_pages: true, prefaulted: true },
            Err(refused) if self.huge_pages.required() => {
                return Err(io::Error::new(refused.kind(), format!("huge pages were refused: {refused}")));
            }
            Err(_) => {
                // The attempt may have stopped halfway: what was asked for decides what is faulted in, not how far it
                // came.
                match pages.populate(self.len) {
                    Err(error) if self.prefault => return Err(error),
                    populated => Effective { huge_pages: false, prefaulted: populated.is_ok() },
                }
            }
        };
        Ok(Mapping::from_parts(pages, self.len, effective))
    }
}

/// Faults `pages` in and makes sure that they are huge ones.
fn fill_with_huge_pages(pages: &mut Pages) -> io::Result<()> {
    pages.advise_huge()?;
    pages.populate(pages.len())?;
    // The faults may have been served with small pages, under fragmentation or where the system's setting is `never`.
    // This call mends that where it can, and is the proof where it need not.
    let Err(refused) = pages.collapse() else { return Ok(()) };
    // Before Linux 6.1 there is no such call, but the faults may have been served with huge pages all the same.
    let start = pages.as_ptr().as_ptr().addr();
    match smaps::is_huge(&(start..start + pages.len())) {
        Ok(true) => Ok(()),
        _ => Err(refused),
    }
}
