use std::error::Error;
use std::fmt;

/// Why [`Cache::get_or_try_insert_with`](super::Cache::get_or_try_insert_with) has no value.
///
/// ```
/// use bedplate::cache::{Cache, LoadError};
///
/// let cache: Cache<&str, u32> = Cache::new(10);
/// let error = cache.get_or_try_insert_with("port", || "eighty".parse::<u32>()).unwrap_err();
/// assert!(matches!(error, LoadError::Failed(_)));
/// // An error is not cached: the next call runs its own loader.
/// assert_eq!(cache.get_or_try_insert_with("port", || "80".parse::<u32>()), Ok(80));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The caller's own loader failed with this.
    Failed(E),
    /// The call would wait for a load that waits for it: the calling thread is loading this very key, or another
    /// thread loads it and waits, over any number of threads, for a key this thread is loading.
    Recursive,
    /// Another thread's load of the key took longer than the caller would wait.
    Timeout,
}

impl<E> LoadError<E> {
    /// The loader's error, where there is one.
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Recursive | Self::Timeout => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "the loader failed: {error}"),
            Self::Recursive => f.write_str("the load waits for itself"),
            Self::Timeout => f.write_str("the load took too long"),
        }
    }
}

impl<E: Error + 'static> Error for LoadError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Recursive | Self::Timeout => None,
        }
    }
}
