use std::error::Error;
use std::fmt;
use std::io;

use super::{Buffers, Refusal};

/// An operation that a [`Uring`](super::Uring) did not take, with its buffers: the kernel has not been told of them.
///
/// ```
/// use bedplate::io::{DirectFile, Refusal, Uring};
///
/// # let path = std::env::temp_dir().join(format!("bedplate-refused-{}", std::process::id()));
/// # std::fs::write(&path, "")?;
/// # let Ok(mut ring) = Uring::builder().depth(1).build::<Vec<u8>>() else { return Ok(()) };
/// let file = DirectFile::options().read().direct(bedplate::Demand::Off).open(&path)?;
/// let file = ring.register_file(file)?;
/// ring.read(file, vec![0; 8], 0)?;
/// let refused = ring.read(file, vec![9; 8], 0).unwrap_err();
/// assert!(matches!(refused.why(), Refusal::Full));
/// assert_eq!(refused.into_inner().one(), Some(vec![9; 8]));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the buffers are in it: take them out with `into_inner`"]
pub struct Refused<B> {
    why: Refusal,
    buffers: Buffers<B>,
}

impl<B> Refused<B> {
    pub(super) fn new(why: Refusal, buffers: Buffers<B>) -> Self {
        Self { why, buffers }
    }

    /// Why it was not taken.
    #[must_use]
    pub fn why(&self) -> &Refusal {
        &self.why
    }

    /// What the operation was given.
    #[must_use = "the buffers are what comes back"]
    pub fn into_inner(self) -> Buffers<B> {
        self.buffers
    }

    /// The reason and what the operation was given.
    #[must_use = "the buffers are what comes back"]
    pub fn into_parts(self) -> (Refusal, Buffers<B>) {
        (self.why, self.buffers)
    }
}

impl<B> fmt::Debug for Refused<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<B> fmt::Display for Refused<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.why, f)
    }
}

impl<B> Error for Refused<B> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.why.source()
    }
}

/// The reason as an error; the buffers are dropped.
impl<B> From<Refused<B>> for io::Error {
    fn from(refused: Refused<B>) -> Self {
        refused.why.into()
    }
}
