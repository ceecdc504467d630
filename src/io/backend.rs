/// Who makes the system calls of a [`DirectReader`](super::DirectReader) or [`DirectWriter`](super::DirectWriter).
///
/// No thread is started that was not asked for here.
///
/// ```
/// use bedplate::io::Backend;
///
/// assert_eq!(Backend::default(), Backend::Inline);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The calling thread, at the moment it needs the block.
    #[default]
    Inline,
    /// That many threads of the reader's or writer's own, named `bedplate-io-0` and up: they read the next blocks
    /// ahead, or write full ones behind, two for each thread at most. They end with the reader or writer.
    Threads(usize),
}
