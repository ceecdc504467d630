/// When the blocks of a [`BlockPool`](super::BlockPool) are zeroed.
///
/// Memory fresh from the kernel is zero, so nothing of another process ever shows; this is about what earlier users in
/// this process wrote. With any policy but `Never`, every block that is handed out is zero throughout, however
/// it came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Zero {
    /// Never by the pool: past its filled length a block may hold what an earlier user wrote.
    ///
    /// The default: a block is handed out with a filled length of 0, so the old bytes show only to a user who reaches
    /// past what it filled, and zeroing costs more than all the rest of an acquisition.
    #[default]
    Never,
    /// The whole block on each release, which is where the time goes. Nothing a user wrote stays in an idle block.
    OnRelease,
    /// The whole block on each acquisition, which is where the time goes: the next user finds it in its cache. What a
    /// user wrote stays in the idle block until then.
    OnAcquire,
    /// The memory of each block goes back to the kernel on release, and is zero when it is next touched. Idle blocks
    /// take no memory, and nothing a user wrote stays.
    ///
    /// A release is a system call that stops all threads of the process for a moment, and each page of the next use is
    /// a fault: for blocks that are large, or held long. It undoes prefaulting, and splits transparent huge pages.
    /// Where single blocks cannot go back (HugeTLB pages, blocks smaller than a page, locked memory) it is as
    /// `OnRelease`.
    Decommit,
}
