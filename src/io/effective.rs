/// What was really obtained of what a file was asked for.
///
/// ```
/// use bedplate::{Demand, io::DirectFile};
///
/// let path = std::env::temp_dir().join(format!("bedplate-effective-{}", std::process::id()));
/// let file = DirectFile::options().write().create().direct(Demand::Off).open(&path)?;
/// assert!(!file.effective().direct);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effective {
    /// Transfers carry `O_DIRECT`. The kernel took the flag; a file system that lives in memory takes it too.
    pub direct: bool,
}
