use std::io;

use super::wishes::Wishes;
use super::{HugePages, Mapping};
use crate::sys::Demand;

/// What a [`Mapping`] is to be like. Made by [`Mapping::builder`].
#[derive(Clone, Debug)]
#[must_use = "call `build` to make the mapping"]
pub struct MappingBuilder {
    len: usize,
    wishes: Wishes,
}

impl MappingBuilder {
    pub(super) fn new(len: usize) -> Self {
        Self { len, wishes: Wishes::NONE }
    }

    /// Asks for huge pages. None where not set.
    ///
    /// Whether there are any shows only when memory is touched, so this faults the mapping in. The mapping is aligned
    /// to the huge page, and so much memory is taken as fills the last one. `Prefer` goes without where the length does
    /// not fill half a huge page, or the kernel refuses; `Require` takes a whole one then, or is an error. HugeTLB
    /// pages need Linux 5.14.
    pub fn huge_pages(mut self, kind: HugePages, demand: Demand) -> Self {
        self.wishes.huge_pages = Some((kind, demand));
        self
    }

    /// Asks for memory of one node, as [`topo::Node`](crate::topo::Node) and the kernel number them. The kernel's
    /// choice where not set: that of the CPU which touches a page first.
    ///
    /// The mapping is faulted in, since a node shows only then, and each page is looked up. `Prefer` takes memory of
    /// other nodes where that one has none left, is not there, or may not be asked for (containers often refuse).
    /// `Require` is an error where it is not there or may not be asked for; where its memory runs out the kernel may
    /// kill the process rather than refuse.
    ///
    /// ```
    /// use bedplate::Demand;
    /// use bedplate::mem::Mapping;
    /// use bedplate::topo::current_node;
    ///
    /// let region = Mapping::builder(1 << 20).node(current_node()?, Demand::Prefer).build()?;
    /// println!("on node {:?}", region.effective().node);
    ///
    /// assert!(Mapping::builder(1 << 20).node(12_345, Demand::Require).build().is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn node(mut self, node: usize, demand: Demand) -> Self {
        self.wishes.node = Some((node, demand));
        self
    }

    /// Takes the memory at once rather than at the first touch of each page.
    ///
    /// The kernel may kill the process rather than refuse where memory, or the control group's share of it, runs out.
    pub fn prefault(mut self) -> Self {
        self.wishes.prefault = true;
        self
    }

    /// Makes the mapping. Blocks for as long as the kernel takes to find and zero what is faulted in beforehand.
    ///
    /// # Errors
    ///
    /// - `InvalidInput` where the length is zero, or a HugeTLB page no power of two larger than a page.
    /// - `OutOfMemory` where the address space has no such room, the kernel's overcommit rule refuses, or too few HugeTLB
    ///   pages that were required are free.
    /// - Where transparent huge pages or a node are required and not to be had, what the kernel said (`Unsupported` where
    ///   it was built without them).
    pub fn build(self) -> io::Result<Mapping> {
        if self.len == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a mapping of zero bytes"));
        }
        let (pages, effective) = self.wishes.map(self.len, 1)?;
        Ok(Mapping::from_parts(pages, self.len, effective))
    }
}
