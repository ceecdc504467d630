use std::fmt;

/// A pair that was not stored because it alone weighs more than the whole cache may hold. It gives both back.
///
/// ```
/// use bedplate::cache::Lru;
///
/// let mut lru = Lru::builder(100).weigher(10, |_: &u32, text: &String| text.len() as u32).build();
/// let refused = lru.try_insert(1, "eleven long".to_owned()).unwrap_err();
/// assert_eq!((refused.weight(), refused.capacity()), (11, 10));
/// assert_eq!(refused.into_inner(), (1, "eleven long".to_owned()));
/// ```
pub struct TooHeavy<K, V> {
    key: K,
    value: V,
    weight: u64,
    capacity: u64,
}

impl<K, V> TooHeavy<K, V> {
    pub(super) fn new(key: K, value: V, weight: u64, capacity: u64) -> Self {
        Self { key, value, weight, capacity }
    }

    /// What the pair weighs.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// What the cache may hold.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The key and the value.
    #[must_use]
    pub fn into_inner(self) -> (K, V) {
        (self.key, self.value)
    }
}

/// Without key and value, which need not be `Debug`.
impl<K, V> fmt::Debug for TooHeavy<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TooHeavy")
            .field("weight", &self.weight)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for TooHeavy<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an entry of weight {} for a cache of {}", self.weight, self.capacity)
    }
}

impl<K, V> std::error::Error for TooHeavy<K, V> {}
