/// A CPU, as the scheduler counts them: one hardware thread.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cpu {
    /// The kernel's number.
    pub id: usize,
    /// Its core, as an index into [`Topology::cores`](super::Topology::cores).
    pub core: usize,
    /// Its package, as an index into [`Topology::packages`](super::Topology::packages).
    pub package: usize,
    /// Its die, as an index into [`Topology::dies`](super::Topology::dies).
    pub die: usize,
    /// Its cluster, as an index into [`Topology::clusters`](super::Topology::clusters).
    pub cluster: Option<usize>,
    /// Its kind of core, as an index into [`Topology::kinds`](super::Topology::kinds).
    pub kind: usize,
    /// The L3 cache it uses, as an index into [`Topology::l3_domains`](super::Topology::l3_domains).
    pub l3: Option<usize>,
    /// The kernel's number of its memory node.
    pub node: usize,
}
