/// How many of a sort of thing each side found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In the [`Topology`](crate::topo::Topology).
    pub ours: usize,
    /// By hwloc. Zero where it does not show such things at all, as it does with dies that are whole packages.
    pub hwloc: usize,
}

impl Tally {
    /// Whether both sides found as many.
    #[must_use]
    pub fn agrees(self) -> bool {
        self.ours == self.hwloc
    }
}
