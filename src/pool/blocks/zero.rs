/// When the blocks of a [`BlockPool`](super::BlockPool) are zeroed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zero {
    /// Never by the pool: past its filled length a block may hold what an earlier user in this process wrote. (Memory
    /// fresh from the kernel is zero, so nothing of another process ever shows.)
    ///
    /// The default: a block is handed out with a filled length of 0, so the old bytes show only to a user who reaches
    /// past what it filled, and zeroing costs more than all the rest of an acquisition.
    #[default]
    Never,
    /// The whole block on each release, so that every block handed out is zero throughout, and nothing a user wrote
    /// stays in an idle block.
    OnRelease,
}
