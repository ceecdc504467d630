use rustix::fs;

/// How a range of a file, or a mapping, is going to be used. A hint: it changes speed, never a result.
///
/// ```
/// use bedplate::io::{Advice, DirectFile};
///
/// let path = std::env::temp_dir().join(format!("bedplate-advice-{}", std::process::id()));
/// std::fs::write(&path, "cold")?;
/// let file = DirectFile::options().read().open(&path)?;
/// file.advise(Advice::DontNeed, 0..4)?;
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// No hint: the kernel's usual read-ahead.
    Normal,
    /// From front to back: twice the usual read-ahead.
    Sequential,
    /// Here and there: no read-ahead.
    Random,
    /// Soon: begin to read it into the page cache.
    WillNeed,
    /// Not soon: clean pages leave the page cache. Dirty ones stay, so sync first.
    DontNeed,
    /// Once: the pages do not count as used again (Linux 6.3; no effect before).
    NoReuse,
}

impl From<Advice> for fs::Advice {
    fn from(advice: Advice) -> Self {
        match advice {
            Advice::Normal => Self::Normal,
            Advice::Sequential => Self::Sequential,
            Advice::Random => Self::Random,
            Advice::WillNeed => Self::WillNeed,
            Advice::DontNeed => Self::DontNeed,
            Advice::NoReuse => Self::NoReuse,
        }
    }
}
