use std::io;

use super::wishes::Wishes;
use super::{HugePages, Mapping};
use crate::sys::Demand;
use crate::topo::MemPolicy;

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

    /// Asks for memory of one node, as [`topo::Node`](crate::topo::Node) and the kernel number them. The thread's
    /// policy where not set, which is usually the node of the CPU that touches a page first. The short form of
    /// [`memory`](Self::memory) with [`Bind`](MemPolicy::Bind), and of two calls the last counts.
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
        self.wishes.memory = Some((MemPolicy::of_node(node, demand), demand));
        self
    }

    /// Asks for memory by a policy, before anything is touched: of one node or several, or of several in turn. The
    /// thread's policy where not set.
    ///
    /// The mapping is faulted in, since a node shows only then, and the kernel is asked where each page is. `Prefer`
    /// takes memory of other nodes where those of the policy have none left, are not there, or may not be asked for
    /// (containers often refuse), and sets [`Bind`](MemPolicy::Bind) as a preference. `Require` is an error where a
    /// node is not there or may not be asked for, and where a page is on none of them. Where the memory of bound nodes
    /// runs out the kernel may kill the process rather than refuse; a required [`Preferred`](MemPolicy::Preferred) or
    /// [`PreferredMany`](MemPolicy::PreferredMany) is an error then instead, though it may be one where `Bind` would
    /// have been granted, since the kernel takes from other nodes before it reclaims caches on these.
    ///
    /// The policy stays with the mapping: pages that come anew after a [`discard`](Mapping::discard), or from swap,
    /// follow it too.
    ///
    /// ```
    /// use bedplate::Demand;
    /// use bedplate::mem::Mapping;
    /// use bedplate::topo::{MemPolicy, Topology};
    ///
    /// let nodes = Topology::detect()?.allowed_nodes().clone();
    /// let table = Mapping::builder(1 << 20).memory(MemPolicy::Interleave(nodes), Demand::Prefer).build()?;
    /// match table.effective().policy {
    ///     Some(policy) => println!("{policy}, on nodes {}", table.effective().nodes),
    ///     None => println!("refused: on whatever nodes"),
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn memory(mut self, policy: MemPolicy, demand: Demand) -> Self {
        self.wishes.memory = Some((policy, demand));
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
    /// - `OutOfMemory` where the address space has no such room, the kernel's overcommit rule refuses, or too few
    ///   HugeTLB pages that were required are free.
    /// - Where transparent huge pages, a node or a policy are required and not to be had, what the kernel said
    ///   (`Unsupported` where it was built without them, or is older than the policy). `InvalidInput` for a policy
    ///   whose nodes do not exist, have no memory, or are not allowed, or that names none where it needs some.
    pub fn build(self) -> io::Result<Mapping> {
        if self.len == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a mapping of zero bytes"));
        }
        Mapping::with_wishes(self.len, &self.wishes)
    }
}
