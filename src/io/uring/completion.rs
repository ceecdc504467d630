use std::io;

use super::{Buffers, OpId};

/// An operation that is over, with what it was given: from [`Uring::poll`](super::Uring::poll).
///
/// ```
/// use bedplate::io::{DirectFile, Uring};
///
/// # let path = std::env::temp_dir().join(format!("bedplate-completion-{}", std::process::id()));
/// # std::fs::write(&path, "five!")?;
/// # let Ok(mut ring) = Uring::builder().build::<Vec<u8>>() else { return Ok(()) };
/// let file = DirectFile::options().read().direct(bedplate::Demand::Off).open(&path)?;
/// let file = ring.register_file(file)?;
/// ring.read(file, vec![0; 8], 0)?;
/// ring.wait(1, None)?;
/// let done = ring.poll().expect("it was waited for");
/// assert_eq!(done.result?, 5);
/// assert_eq!(done.buffers.one().as_deref(), Some(&b"five!"[..]));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Completion<B> {
    /// The operation.
    pub id: OpId,
    /// What the kernel answered: the bytes that were moved, which may be fewer than were asked for, and are 0 at the
    /// end of a file; 0 of a sync. The error of an operation that was cancelled, or whose thread ended before the
    /// kernel came to it, is `ECANCELED`.
    pub result: io::Result<usize>,
    /// What it was given, to be used again. A read has set the filled length of its buffers; after an error that is as
    /// it was, and what the bytes are is not said.
    pub buffers: Buffers<B>,
}
