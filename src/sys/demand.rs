/// How much a caller wants something that the kernel may refuse: `O_DIRECT`, huge pages, memory binding.
///
/// What was really obtained is told by the `effective()` of the thing that was asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Demand {
    /// Do not ask for it.
    Off,
    /// Ask for it, and go on without it where it is refused.
    #[default]
    Prefer,
    /// Ask for it, and fail where it is refused.
    Require,
}

impl Demand {
    /// Whether the thing is to be asked for at all.
    #[must_use]
    pub const fn wanted(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Whether a refusal is an error.
    #[must_use]
    pub const fn required(self) -> bool {
        matches!(self, Self::Require)
    }
}
