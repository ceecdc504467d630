use crate::topo::{MemPolicy, NodeSet};

/// What memory really got of what was asked for it: of a [`Mapping`](super::Mapping), or of a pool made of such memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effective {
    /// The size of the huge pages that every byte was in when the memory was made; `None` where not every byte was in
    /// one. The kernel may split transparent ones later, under memory pressure or where a part is
    /// [discarded](super::Mapping::discard).
    pub huge_pages: Option<usize>,
    /// The memory node that every page was on when the memory was made; `None` where none was asked for, nor a policy,
    /// or not every page came from it.
    pub node: Option<usize>,
    /// The memory nodes that pages were on when the memory was made; empty where neither a node nor a policy was asked
    /// for or granted, and where the kernel does not tell.
    pub nodes: NodeSet,
    /// The policy that the memory has and that every page followed when it was made, with the nodes that could be had:
    /// all pages were on those that the policy names, and of an interleaved policy each of them had its share, to
    /// within a huge page. `None` where neither a policy nor a node was asked for or granted, and where a page did not
    /// follow.
    pub policy: Option<MemPolicy>,
    /// Every byte was faulted in when the memory was made, because prefaulting, huge pages, a policy or a node were
    /// asked for.
    pub prefaulted: bool,
}

impl Effective {
    /// What holds for two pieces of memory, each of which is as `self` or as `other` says.
    #[cfg(feature = "pool")]
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            huge_pages: self.huge_pages.filter(|_| self.huge_pages == other.huge_pages),
            node: self.node.filter(|_| self.node == other.node),
            nodes: &self.nodes | &other.nodes,
            policy: if self.policy == other.policy { self.policy } else { None },
            prefaulted: self.prefaulted && other.prefaulted,
        }
    }
}
