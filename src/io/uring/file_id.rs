/// A file that a [`Uring`](super::Uring) knows: what its operations name, made by
/// [`register_file`](super::Uring::register_file).
///
/// The id of a file that was unregistered, or of another ring, is refused.
///
/// ```
/// use bedplate::io::{DirectFile, FileId, Uring};
///
/// # let Ok(mut ring) = Uring::builder().depth(4).build::<Vec<u8>>() else { return Ok(()) };
/// # let path = std::env::temp_dir().join(format!("bedplate-file-id-{}", std::process::id()));
/// # std::fs::write(&path, "")?;
/// let id: FileId = ring.register_file(DirectFile::options().read().open(&path)?)?;
/// assert!(ring.unregister_file(id).is_some());
/// assert!(ring.unregister_file(id).is_none());
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    pub(super) ring: u32,
    pub(super) index: u32,
    pub(super) generation: u32,
}
