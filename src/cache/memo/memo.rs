use std::borrow::ToOwned;
use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use foldhash::fast::RandomState;

use super::CacheInfo;
use crate::cache::{Cache, Equivalent, LoadError};
use crate::primitive::Mutex;

/// A table of results by argument, for many threads: each is computed once, and again when it has been forgotten.
///
/// It is a [`Cache`] that is filled in one way only, so that all that is in it has been computed. At most `max_size`
/// results are held; [the module](crate::cache#the-policy) says which of them goes when one more comes. To remember the
/// results of a function without naming a table, there is [`memoize!`](super::memoize).
///
/// Options other than those of [`new`](Self::new) and [`with_ttl`](Self::with_ttl) are those of the cache, from which
/// the table is then made:
///
/// ```
/// use bedplate::cache::{Cache, Memo};
/// use bedplate::time::Manual;
/// use std::time::Duration;
///
/// let time = Manual::new();
/// let cache = Cache::builder(500).ttl(Duration::from_secs(30)).clock(time.clone()).build();
/// let lengths: Memo<String, usize> = Memo::from(cache);
/// assert_eq!(lengths.get("four", || "four".len()), 4); // a String is made on a miss only
/// assert_eq!(lengths.get("four", || unreachable!()), 4);
/// time.advance(Duration::from_secs(30));
/// assert_eq!(lengths.get("four", || 40), 40);
/// ```
///
/// # Recursion
///
/// A computation may ask the table for other results. One that asks for its own would never end: it panics where it
/// does, and so does one that waits for its own result by way of other threads. What is not seen is a circle of threads
/// that goes through two tables: they wait for ever. Functions that ask each other in a circle would not have ended
/// without a table either.
///
/// ```
/// use bedplate::cache::Memo;
///
/// fn fibonacci(memo: &Memo<u64, u64>, n: u64) -> u64 {
///     memo.get(&n, || if n < 2 { n } else { fibonacci(memo, n - 1) + fibonacci(memo, n - 2) })
/// }
///
/// let memo = Memo::new(100);
/// assert_eq!(fibonacci(&memo, 90), 2_880_067_194_370_816_120);
/// assert_eq!(memo.cache_info().misses, 91);
/// ```
pub struct Memo<K, V, S = RandomState> {
    cache: Cache<K, V, S>,
    /// What the cache had counted when the table was last cleared. No other lock is taken under this one.
    cleared: Mutex<Counts>,
}

#[derive(Clone, Copy, Debug)]
struct Counts {
    hits: u64,
    misses: u64,
}

impl<K, V> Memo<K, V> {
    /// A table of up to `max_size` results that hold for ever.
    ///
    /// # Panics
    ///
    /// Where `max_size` is zero, as [`Cache::new`].
    #[must_use]
    pub fn new(max_size: usize) -> Self {
        Self::from(Cache::new(max_size))
    }

    /// A table of up to `max_size` results, each of which holds for `ttl` from the end of its computation.
    ///
    /// Time is read from [`Clock::Coarse`](crate::time::Clock::Coarse). With a `ttl` of zero nothing is remembered.
    ///
    /// # Panics
    ///
    /// Where `max_size` is zero.
    #[must_use]
    pub fn with_ttl(max_size: usize, ttl: Duration) -> Self {
        Self::from(Cache::builder(max_size).ttl(ttl).build())
    }
}

impl<K, V, S> Memo<K, V, S> {
    /// Hits, misses and sizes since the table was made or last [cleared](Self::cache_clear).
    #[must_use]
    pub fn cache_info(&self) -> CacheInfo {
        // In this order: counts only grow, so those read later are not below those read earlier.
        let cleared = *self.cleared.lock();
        let stats = self.cache.stats();
        CacheInfo {
            hits: stats.hits - cleared.hits,
            misses: stats.misses - cleared.misses,
            max_size: stats.capacity,
            current_size: stats.len,
        }
    }

    /// Forgets every result, and counts from zero again.
    ///
    /// On return, what was computed before the call is gone, and a computation that was under way stores nothing (its
    /// callers still get its result).
    pub fn cache_clear(&self) {
        self.cache.invalidate_all();
        let now = Counts::of(&self.cache);
        let mut cleared = self.cleared.lock();
        // The later of two that clear at once counts.
        *cleared = Counts { hits: now.hits.max(cleared.hits), misses: now.misses.max(cleared.misses) };
    }

    /// The cache the results are in: to forget one of them, to look without computing, to free what has expired, and
    /// for all of the [`Stats`](crate::cache::Stats).
    ///
    /// ```
    /// use bedplate::cache::Memo;
    ///
    /// let squares: Memo<u64, u64> = Memo::new(100);
    /// squares.get(&7, || 50);
    /// assert_eq!(squares.cache().remove(&7), Some(50));
    /// assert_eq!(squares.get(&7, || 49), 49);
    /// ```
    #[must_use]
    pub fn cache(&self) -> &Cache<K, V, S> {
        &self.cache
    }
}

impl<K: Hash + Eq, V: Clone, S: BuildHasher> Memo<K, V, S> {
    /// The result for `key`, cloned; where the table has none, what `compute` returns, which it then remembers.
    ///
    /// One computation of a key runs at a time, in the thread that called and without a lock; threads that ask for the
    /// same key meanwhile wait and share its result. Where it panics, the panic goes to its caller, nothing is
    /// remembered, and one of those who wait computes for itself.
    ///
    /// The key may come in a borrowed form, as `&str` for `String`, and is cloned on a miss only.
    ///
    /// # Panics
    ///
    /// Where the call waits for itself: see [Recursion](Self#recursion).
    #[inline]
    #[track_caller]
    pub fn get<Q>(&self, key: &Q, compute: impl FnOnce() -> V) -> V
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        match self.try_get(key, || Ok::<_, Infallible>(compute())) {
            Ok(value) => value,
            Err(error) => match error.into_inner() {
                Some(never) => match never {},
                None => panic!("bedplate::cache::Memo: a computation waits for its own result"),
            },
        }
    }

    /// [`get`](Self::get) with a computation that may fail. Its error goes to its caller and is not remembered; one of
    /// those who wait then computes for itself.
    ///
    /// ```
    /// use bedplate::cache::{LoadError, Memo};
    ///
    /// let numbers: Memo<String, u16> = Memo::new(100);
    /// let parse = |text: &str| numbers.try_get(text, || text.parse());
    /// assert_eq!(parse("80"), Ok(80));
    /// assert!(matches!(parse("eighty"), Err(LoadError::Failed(_))));
    /// assert_eq!(numbers.cache_info().current_size, 1);
    /// ```
    ///
    /// # Errors
    ///
    /// [`LoadError::Failed`] where `compute` ran and failed, [`LoadError::Recursive`] where the call waits for
    /// [itself](Self#recursion).
    #[inline]
    pub fn try_get<Q, E>(&self, key: &Q, compute: impl FnOnce() -> Result<V, E>) -> Result<V, LoadError<E>>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        self.cache.get_or_try_insert_ref(key, compute)
    }
}

impl<K, V, S> From<Cache<K, V, S>> for Memo<K, V, S> {
    /// A table over `cache`, with all its options. What is in it already counts as computed; hits and misses are
    /// counted from here.
    fn from(cache: Cache<K, V, S>) -> Self {
        let counts = Counts::of(&cache);
        Self { cache, cleared: Mutex::new(counts) }
    }
}

impl Counts {
    fn of<K, V, S>(cache: &Cache<K, V, S>) -> Self {
        let stats = cache.stats();
        Self { hits: stats.hits, misses: stats.misses }
    }
}

impl<K, V, S> fmt::Debug for Memo<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").field("cache", &self.cache).finish_non_exhaustive()
    }
}
