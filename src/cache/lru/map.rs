use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroUsize;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::LruBuilder;
use super::limited::Limited;
use super::limits::Limits;
use super::plain::Plain;
use super::shared::Shared;
use crate::cache::{Stats, TooHeavy};
use crate::time::Clock;

/// A map that holds at most `capacity` entries and forgets exactly the one that was used least recently.
///
/// For one thread, or behind a lock: every hit moves its entry, so every use needs `&mut`. The store is the crate
/// [`lru`]; this adds expiry, weight, counts, insertions that give back what had to go, and an answer to panics. Operations
/// are O(1), and O(log n) on entries that expire; those that visit every entry say so. Memory comes as it fills.
///
/// # Expiry
///
/// With a time to live or to idle (for all: [`builder`](Self::builder), for one:
/// [`insert_with_ttl`](Self::insert_with_ttl)), an entry is never returned once its time is over, to the nanosecond of the
/// clock. It is dropped when it is come across, and before any other where room is needed, wherever in the order it stands:
/// the map knows which of all ends first. So the order of use decides among the living only. The clock is read only
/// where an entry that ends is looked at, and where one comes or room is needed while there is one.
///
/// The first entry with a time of its own makes the map keep an end for each; in a map built without times and weights
/// that visits every entry once, and later operations take longer.
///
/// # Weight
///
/// With a [weigher](LruBuilder::weigher) the map is bounded by weight too: an insertion pushes out as many as need be,
/// and none too many. [`weight`](Self::weight) is never above [`max_weight`](Self::max_weight). A pair that alone is above
/// it comes back, from [`try_insert`](Self::try_insert) as an error.
///
/// # Panics of the caller's code
///
/// After a panic in a `Hash`, `Eq`, `Drop`, weigher, loader or closure of the caller's, the map is as it was, or the
/// operation is done; what was on its way out is dropped.
///
/// A map where no entry expires or weighs is the bare store, and weaker in this: a `Hash` or `Eq` that panics on a key for
/// which it has answered before may end [`retain`](Self::retain), [`resize`](Self::resize) or the first insertion with a
/// time half-way, and where it does so as a new key is linked in, the map is emptied and that pair never dropped. There,
/// `retain` does not drop a value whose key panics as it is dropped, either.
///
/// ```
/// use bedplate::cache::Lru;
///
/// let mut lru = Lru::new(2);
/// lru.insert("a", 1);
/// lru.insert("b", 2);
/// assert_eq!(lru.get("a"), Some(&1));
/// assert_eq!(lru.insert("c", 3), Some(("b", 2))); // the least recently used
/// assert!(lru.iter().map(|(&key, _)| key).eq(["c", "a"]));
/// ```
pub struct Lru<K, V, S = RandomState> {
    kind: Kind<K, V, S>,
    clock: Clock,
}

enum Kind<K, V, S> {
    Plain(Plain<K, V, S>),
    Limited(Box<Limited<K, V, S>>),
}

impl<K: Hash + Eq, V> Lru<K, V> {
    /// A map for `capacity` entries that live for ever.
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::builder(capacity).build()
    }

    /// Options for a map of `capacity` entries.
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero.
    pub fn builder(capacity: usize) -> LruBuilder<K, V> {
        LruBuilder::new(capacity)
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Lru<K, V, S> {
    /// A map for `capacity` entries that live for ever, which hashes keys with `hasher`.
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero.
    #[must_use]
    pub fn with_hasher(capacity: usize, hasher: S) -> Self {
        LruBuilder::new(capacity).hasher(hasher).build()
    }

    pub(super) fn plain(capacity: NonZeroUsize, hasher: S, clock: Clock) -> Self {
        Self { kind: Kind::Plain(Plain::new(capacity, Shared::new(hasher))), clock }
    }

    pub(super) fn limited(capacity: NonZeroUsize, limits: Limits<K, V>, hasher: S, clock: Clock) -> Self {
        let limited = Limited::new(capacity, limits, Shared::new(hasher), clock.clone());
        Self { kind: Kind::Limited(Box::new(limited)), clock }
    }

    /// The value of `key`, which becomes the most recently used.
    #[inline]
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_mut(key).map(|value| &*value)
    }

    /// The value of `key`, to change in place; it becomes the most recently used. What the entry weighs, and when its time
    /// to live ends, stays as it was.
    #[inline]
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match &mut self.kind {
            Kind::Plain(plain) => plain.get_mut(key),
            Kind::Limited(limited) => {
                unlikely();
                limited.get_mut(key)
            }
        }
    }

    /// The value of `key`. The order stays as it is, and the counts too.
    #[must_use]
    pub fn peek<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        match &self.kind {
            Kind::Plain(plain) => plain.store.peek(key),
            Kind::Limited(limited) => limited.peek(key),
        }
    }

    /// Whether `key` is there. The order stays as it is, and the counts too.
    #[must_use]
    pub fn contains<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.peek(key).is_some()
    }

    /// Stores `value` for `key` as the most recently used, and returns the pair that had to go for it.
    ///
    /// That is, where `key` was there, the `key` passed in and the old value (the map keeps the key it had); where it was
    /// not and the map is full, the least recently used entry; else `None`. An expired entry is never returned, and where
    /// one can go, no other does. Where several have to go for their weight, the least recently used is returned and the
    /// others are dropped after that; who wants them all makes room before:
    ///
    /// ```
    /// use bedplate::cache::Lru;
    ///
    /// let mut lru = Lru::builder(100).weigher(10, |_: &u32, text: &String| text.len() as u32).build();
    /// (0..5).for_each(|key| drop(lru.insert(key, "ab".to_owned())));
    /// let text = "more".to_owned();
    /// let mut gone = Vec::new();
    /// while lru.weight() + text.len() as u64 > 10 {
    ///     gone.extend(lru.pop());
    /// }
    /// assert_eq!(lru.insert(5, text), None);
    /// assert!(gone.iter().map(|&(key, _)| key).eq([0, 1]));
    /// ```
    ///
    /// A pair that alone weighs more than the map may hold comes back at once, and what was there for its key is dropped:
    /// it is out of date. [`try_insert`](Self::try_insert) says so with an error.
    ///
    /// # Panics
    ///
    /// Where 2^32 - 1 entries that expire or weigh are there.
    #[inline(never)] // In one function with a look-up it would make that save its registers.
    pub fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        match &mut self.kind {
            Kind::Plain(plain) => plain.insert(key, value),
            Kind::Limited(_) => {
                unlikely();
                self.insert_limited(key, value)
            }
        }
    }

    /// As [`insert`](Self::insert), with a time to live of its own in the place of the map's. Where that is zero, nothing
    /// is stored: `value` is dropped, and the old one is returned.
    ///
    /// ```
    /// use bedplate::cache::Lru;
    /// use bedplate::time::Manual;
    /// use std::time::Duration;
    ///
    /// let time = Manual::new();
    /// let mut lru = Lru::builder(2).clock(time.clone()).build();
    /// lru.insert("a", 1);
    /// lru.insert_with_ttl("b", 2, Duration::from_millis(5));
    /// time.advance(Duration::from_millis(5));
    /// assert_eq!(lru.insert("c", 3), None); // it takes the place of "b", whose time is over
    /// assert!(lru.iter().map(|(&key, _)| key).eq(["c", "a"]));
    /// ```
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    pub fn insert_with_ttl(&mut self, key: K, value: V, ttl: Duration) -> Option<(K, V)> {
        self.try_insert_with_ttl(key, value, ttl).unwrap_or_else(|refused| self.give_back(refused))
    }

    /// As [`insert`](Self::insert), but an error where the pair alone weighs more than the map may hold.
    ///
    /// # Errors
    ///
    /// [`TooHeavy`] gives the pair back. The map is as it was, with the old value of `key`.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    pub fn try_insert(&mut self, key: K, value: V) -> Result<Option<(K, V)>, TooHeavy<K, V>> {
        match &mut self.kind {
            Kind::Plain(plain) => Ok(plain.insert(key, value)),
            Kind::Limited(limited) => limited.try_insert(key, value),
        }
    }

    /// As [`try_insert`](Self::try_insert), with a time to live of its own as in
    /// [`insert_with_ttl`](Self::insert_with_ttl).
    ///
    /// # Errors
    ///
    /// As [`try_insert`](Self::try_insert).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    pub fn try_insert_with_ttl(&mut self, key: K, value: V, ttl: Duration) -> Result<Option<(K, V)>, TooHeavy<K, V>> {
        // Longer than the clock runs: no need to ask it.
        let endless = u64::try_from(ttl.as_nanos()).is_err();
        match &mut self.kind {
            Kind::Plain(plain) if endless => Ok(plain.insert(key, value)),
            _ => self.limit().try_insert_for(key, value, (!endless).then_some(ttl)),
        }
    }

    /// The value of `key`, which becomes the most recently used; where it is not there, what `load` returns, which is
    /// stored. What goes for it is dropped. Where `load` panics, nothing changes. A time to live starts when it returns.
    ///
    /// A value that cannot be stored, because it is too heavy or its time to live is zero, is returned all the same. The
    /// map keeps it aside, as no entry, until the next such load or [`clear`](Self::clear).
    ///
    /// ```
    /// use bedplate::cache::Lru;
    ///
    /// let mut lru = Lru::new(2);
    /// assert_eq!(lru.get_or_insert_with("a", || 1), &1);
    /// assert_eq!(lru.get_or_insert_with("a", || unreachable!()), &1);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    pub fn get_or_insert_with(&mut self, key: K, load: impl FnOnce() -> V) -> &V {
        match self.get_or_try_insert_with(key, || Ok::<_, Infallible>(load())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), with a loader that may fail. A failure is not stored.
    ///
    /// ```
    /// use bedplate::cache::Lru;
    ///
    /// let mut lru = Lru::new(2);
    /// assert!(lru.get_or_try_insert_with("a", || "x".parse::<u32>()).is_err());
    /// assert_eq!(lru.get_or_try_insert_with("a", || "1".parse()), Ok(&1));
    /// ```
    ///
    /// # Errors
    ///
    /// That of `load`.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    pub fn get_or_try_insert_with<E>(&mut self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<&V, E> {
        match &mut self.kind {
            Kind::Plain(plain) => plain.get_or_try_insert_with(key, load),
            Kind::Limited(limited) => limited.get_or_try_insert_with(key, load),
        }
    }

    /// Takes the entry of `key` out and returns its value.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        match &mut self.kind {
            Kind::Plain(plain) => plain.remove(key),
            Kind::Limited(limited) => limited.remove(key),
        }
    }

    /// Takes the least recently used entry out.
    pub fn pop(&mut self) -> Option<(K, V)> {
        match &mut self.kind {
            Kind::Plain(plain) => plain.store.pop_lru(),
            Kind::Limited(limited) => limited.pop(),
        }
    }

    /// Drops the entries whose time is over; says how many. O(log n) for each, and one reading of the clock.
    ///
    /// There is no need to call this: expired entries are never returned, and go first when room is needed. It frees
    /// their memory before that.
    pub fn purge_expired(&mut self) -> usize {
        match &mut self.kind {
            Kind::Plain(_) => 0,
            Kind::Limited(limited) => limited.take_expired().len(),
        }
    }

    /// Drops the entries of which `keep` says no, and the expired ones without asking. `keep` sees the others in the
    /// order of [`iter`](Self::iter), and may change the values. The order stays as it is. O(n).
    ///
    /// Where `keep` or a `Drop` panics, it is left open which of the others have gone.
    pub fn retain(&mut self, keep: impl FnMut(&K, &mut V) -> bool) {
        match &mut self.kind {
            Kind::Plain(plain) => plain.retain(keep),
            Kind::Limited(limited) => limited.retain(keep),
        }
    }

    /// Drops every entry. O(n).
    pub fn clear(&mut self) {
        match &mut self.kind {
            Kind::Plain(plain) => plain.clear(),
            Kind::Limited(limited) => limited.clear(),
        }
    }

    /// Changes how many entries there can be, and drops those that are too many: the expired first, then from the least
    /// recently used on. O(n), since the table is fitted anew. Who wants those that go calls [`pop`](Self::pop) before.
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero.
    pub fn resize(&mut self, capacity: usize) {
        let capacity = NonZeroUsize::new(capacity).expect("an Lru of capacity 0");
        match &mut self.kind {
            Kind::Plain(plain) => plain.resize(capacity),
            Kind::Limited(limited) => limited.resize(capacity),
        }
    }

    /// Changes what all entries may weigh together, and drops as many as need be, the expired first, then from the least
    /// recently used on.
    ///
    /// # Panics
    ///
    /// Where `max_weight` is zero, or the map was built without a [weigher](LruBuilder::weigher).
    pub fn resize_weight(&mut self, max_weight: u64) {
        assert!(max_weight != 0, "an Lru for a weight of 0");
        match &mut self.kind {
            Kind::Limited(limited) if limited.limits.weigh.is_some() => limited.resize_weight(max_weight),
            _ => panic!("an Lru without a weigher has no weight"),
        }
    }

    /// The entries, the most recently used first. Reversed, the least. The order stays as it is, and the clock is read
    /// once at most.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let (plain, limited) = match &self.kind {
            Kind::Plain(plain) => (Some(plain.store.iter()), None),
            Kind::Limited(limited) => (None, Some(limited.iter())),
        };
        plain.into_iter().flatten().chain(limited.into_iter().flatten())
    }

    /// How many entries there are, the expired that are not noticed yet among them.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.kind {
            Kind::Plain(plain) => plain.store.len(),
            Kind::Limited(limited) => limited.store.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most entries there can be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        match &self.kind {
            Kind::Plain(plain) => plain.store.cap().get(),
            Kind::Limited(limited) => limited.store.cap().get(),
        }
    }

    /// What all entries weigh together; zero without a [weigher](LruBuilder::weigher).
    #[must_use]
    pub fn weight(&self) -> u64 {
        match &self.kind {
            Kind::Plain(_) => 0,
            Kind::Limited(limited) => limited.limits.weight,
        }
    }

    /// What they may weigh together; `None` without a [weigher](LruBuilder::weigher).
    #[must_use]
    pub fn max_weight(&self) -> Option<u64> {
        match &self.kind {
            Kind::Limited(limited) if limited.limits.weigh.is_some() => Some(limited.limits.max_weight),
            _ => None,
        }
    }

    /// What the map has done, and how full it is. With a [weigher](LruBuilder::weigher), `capacity` is what entries may
    /// weigh together. Loaders are not timed, which would take a clock: `load_time` is zero.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let len = self.len();
        let counts = match &self.kind {
            Kind::Plain(plain) => plain.counts,
            Kind::Limited(limited) => limited.counts,
        };
        match self.max_weight() {
            None => counts.stats(len, len as u64, self.capacity()),
            Some(most) => counts.stats(len, self.weight(), usize::try_from(most).unwrap_or(usize::MAX)),
        }
    }

    /// Apart, so that the pair that a plain map gives out is written where the caller wants it, and not copied.
    #[inline(never)]
    fn insert_limited(&mut self, key: K, value: V) -> Option<(K, V)> {
        self.try_insert(key, value).unwrap_or_else(|refused| self.give_back(refused))
    }

    #[cold]
    fn give_back(&mut self, refused: TooHeavy<K, V>) -> Option<(K, V)> {
        let (key, value) = refused.into_inner();
        drop(self.remove(&key));
        Some((key, value))
    }

    /// The map as one whose entries may expire.
    fn limit(&mut self) -> &mut Limited<K, V, S> {
        if let Kind::Plain(plain) = &mut self.kind {
            self.kind = Kind::Limited(Box::new(plain.take(self.clock.clone())));
        }
        match &mut self.kind {
            Kind::Limited(limited) => limited,
            Kind::Plain(_) => unreachable!("it has just been changed"),
        }
    }
}

impl<K: fmt::Debug + Hash + Eq, V: fmt::Debug, S: BuildHasher> fmt::Debug for Lru<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Marks a way that need not be fast where there is another: registers are then saved on this one only, and a hit of a
/// plain map stores less. Stores wait in one queue for lines that are not in the cache, and so bound how many uses overlap.
#[cold]
#[inline(always)] // A call of it would be what it is to avoid.
fn unlikely() {}
