use crate::sys::Demand;

/// What [`copy_with`](super::copy_with) may do.
///
/// ```
/// use bedplate::Demand;
/// use bedplate::io::{self, CopyOptions, CopyWay};
/// use std::io::Write;
///
/// let (mut from, to) = (tempfile::tempfile()?, tempfile::tempfile()?);
/// from.write_all(b"blocks of its own")?;
/// let copied = io::copy_with(&from, &to, CopyOptions::new().reflink(Demand::Off))?;
/// assert_eq!(copied.bytes, 17);
/// assert_ne!(copied.way, CopyWay::Reflink);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to `copy_with`"]
pub struct CopyOptions {
    pub(super) reflink: Option<Demand>,
}

impl CopyOptions {
    /// Those of [`copy`](super::copy()).
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the copy shares the blocks of its source until one of the two is written to. Not set:
    /// [`Prefer`](Demand::Prefer).
    ///
    /// [`Off`](Demand::Off) is a copy that takes space of its own now, so that later writes to it cannot run out of it
    /// and a bad block of the disk hits one of the two. A file system may still share on its own account in
    /// [`CopyFileRange`](super::CopyWay::CopyFileRange), which `Off` therefore leaves out.
    /// [`Require`](Demand::Require) is a copy at once, or the kernel's error.
    pub fn reflink(mut self, demand: Demand) -> Self {
        self.reflink = Some(demand);
        self
    }
}
