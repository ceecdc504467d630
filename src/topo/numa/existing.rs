/// What [`bind_region`](super::bind_region) does about pages that are there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Existing {
    /// Leaves them where they are: the policy is for pages to come.
    #[default]
    Leave,
    /// Moves those to the nodes of the policy that are elsewhere, as far as this process alone uses them. Where some
    /// stay, [`PolicyError::Misplaced`](super::PolicyError::Misplaced) says so, and the policy holds all the same. For
    /// `Default` and `Local`, which name no nodes, moves all to where this thread would get new ones.
    Move,
    /// Looks whether they are on the nodes of the policy, and sets it only then; else it is
    /// [`PolicyError::Misplaced`](super::PolicyError::Misplaced). For `Default` and `Local`, which name no nodes, as
    /// `Leave`.
    MustMatch,
}
