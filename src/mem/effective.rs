/// What memory really got of what was asked for it: of a [`Mapping`](super::Mapping), or of a pool made of such memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effective {
    /// The size of the huge pages that every byte was in when the memory was made; `None` where not every byte was in
    /// one. The kernel may split transparent ones later, under memory pressure or where a part is
    /// [discarded](super::Mapping::discard).
    pub huge_pages: Option<usize>,
    /// The memory node that every page was on when the memory was made; `None` where none was asked for, or not every
    /// page came from it.
    pub node: Option<usize>,
    /// Every byte was faulted in when the memory was made, because prefaulting, huge pages or a node were asked for.
    pub prefaulted: bool,
}

impl Effective {
    /// What holds for two pieces of memory, each of which is as `self` or as `other` says.
    #[cfg(feature = "pool")]
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            huge_pages: self.huge_pages.filter(|_| self.huge_pages == other.huge_pages),
            node: self.node.filter(|_| self.node == other.node),
            prefaulted: self.prefaulted && other.prefaulted,
        }
    }
}
