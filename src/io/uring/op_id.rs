/// An operation of a [`Uring`](super::Uring), from the call that accepted it to its
/// [`Completion`](super::Completion).
///
/// It names the ring, a slot of it, and how many operations the slot has had: the id of an operation that is over is
/// never that of another, in whatever ring.
///
/// ```
/// use bedplate::{Demand, io::{DirectFile, Uring}};
///
/// # let path = std::env::temp_dir().join(format!("bedplate-op-id-{}", std::process::id()));
/// # std::fs::write(&path, "")?;
/// # let Ok(mut ring) = Uring::builder().depth(4).build::<Vec<u8>>() else { return Ok(()) };
/// let file = ring.register_file(DirectFile::options().read().direct(Demand::Off).open(&path)?)?;
/// let id = ring.read(file, vec![0; 16], 0)?;
/// assert!(id.slot() < ring.depth());
/// ring.wait(1, None)?;
/// assert_eq!(ring.poll().map(|done| done.id), Some(id));
/// assert!(!ring.cancel(id)?);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpId {
    pub(super) ring: u32,
    pub(super) slot: u16,
    pub(super) generation: u64,
}

impl OpId {
    /// A number less than the ring's depth that no other operation in flight has: a place in a table of what belongs to
    /// the operation.
    #[inline]
    #[must_use]
    pub fn slot(self) -> usize {
        usize::from(self.slot)
    }
}
