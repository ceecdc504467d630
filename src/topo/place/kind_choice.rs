/// One of the kinds of cores of a machine. Where all cores are alike, each choice but an index above 0 is all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KindChoice {
    /// The strongest: P-cores, big cores.
    Performance,
    /// The weakest: E-cores, little cores.
    Efficient,
    /// An index into [`Topology::kinds`](crate::topo::Topology::kinds), where the weakest comes first.
    Index(usize),
}
