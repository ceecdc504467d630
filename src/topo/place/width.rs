/// How wide the mask of a worker is, around the CPU that the plan has for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Width {
    /// That CPU alone.
    #[default]
    Cpu,
    /// The CPUs of its core.
    Core,
    /// The CPUs that share its L3 cache; those of its node without a known L3 cache, where its own is not known.
    L3,
    /// The CPUs of its memory node.
    Node,
}
