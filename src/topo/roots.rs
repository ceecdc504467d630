use std::path::PathBuf;

/// The folders that a topology was read from, for what is read of it later. `None` where there are none: the machine
/// is made up.
#[derive(Clone, Debug, Default)]
pub(super) struct Roots {
    /// In place of `/sys`.
    pub(super) sys: Option<PathBuf>,
    /// In place of `/proc`.
    pub(super) proc: Option<PathBuf>,
}
