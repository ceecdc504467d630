/// How bytes were copied, from the way that moves least to the one that moves most.
///
/// ```
/// use bedplate::io::CopyWay;
///
/// assert!(CopyWay::Reflink < CopyWay::ReadWrite);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CopyWay {
    /// The file shares the blocks of its source until one of the two is written to (`FICLONE`): btrfs, XFS, bcachefs,
    /// OCFS2, ZFS, NFS and CIFS where the server does.
    Reflink,
    /// `copy_file_range`: the file system, or a server behind it, copies; where it has no way of its own, the kernel
    /// copies from page cache to page cache. Both files are on the same file system, or on two of one kind.
    CopyFileRange,
    /// `splice`, straight to or from a pipe and through one otherwise: from page cache to page cache, or without any
    /// copy into a pipe or a socket.
    Splice,
    /// `read` and `write` through a buffer of 128 KiB.
    ReadWrite,
}

impl CopyWay {
    /// The one to try where this is refused.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Reflink => Self::CopyFileRange,
            Self::CopyFileRange => Self::Splice,
            Self::Splice | Self::ReadWrite => Self::ReadWrite,
        }
    }
}
