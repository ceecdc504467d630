/// Who makes the system calls of a [`DirectReader`](super::DirectReader) or [`DirectWriter`](super::DirectWriter).
///
/// No thread is started that was not asked for here. What the system refuses (a filter or a setting `Uring`, a limit
/// `Threads`) becomes `Inline`, unless the builder's `demand` requires it; the reader's or writer's `backend()` tells
/// which it is.
///
/// ```
/// use bedplate::io::Backend;
///
/// assert_eq!(Backend::default(), Backend::Inline);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The calling thread, one request at a time, at the moment it needs the block.
    #[default]
    Inline,
    /// That many threads of the reader's or writer's own, named `bedplate-io-0` and up: they read the next blocks
    /// ahead, or write full ones behind. They end with the reader or writer.
    Threads(usize),
    /// The kernel, through an io_uring of the reader's or writer's own (feature `io-uring`): requests are submitted as
    /// soon as there is a block for them, and no thread waits for each. The pool's blocks are registered with the ring
    /// where the limit of locked memory allows it.
    #[cfg(feature = "io-uring")]
    Uring,
}
