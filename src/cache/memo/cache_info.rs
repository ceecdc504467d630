/// How a [`Memo`](super::Memo) has fared since it was made or last cleared, in the manner of `cache_info()` of Python's
/// `functools.lru_cache`.
///
/// ```
/// use bedplate::cache::Memo;
///
/// let squares: Memo<u64, u64> = Memo::new(100);
/// for n in [7, 8, 7, 7] {
///     squares.get(&n, || n * n);
/// }
/// let info = squares.cache_info();
/// assert_eq!((info.hits, info.misses, info.max_size, info.current_size), (2, 2, 100, 2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheInfo {
    /// Calls that were answered from the table.
    pub hits: u64,
    /// Calls that were not: each computed, or waited for another thread that did.
    pub misses: u64,
    /// The most results ever held.
    pub max_size: usize,
    /// Results held, including those whose time is over and that nobody has asked for since.
    pub current_size: usize,
}
