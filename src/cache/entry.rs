use std::time::Duration;

use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::primitive::prefetch;
use crate::time::Instant;

/// What the cache holds for a key.
#[derive(Debug)]
pub(super) struct Entry<K, V> {
    pub(super) key: K,
    pub(super) value: V,
    /// When its time to live is over; [`Instant::MAX`] where it has none.
    pub(super) due: Instant,
    /// Of the key's hash what the shard uses, so that the table is moved, and the policy asked, without user code.
    pub(super) hash: u32,
    pub(super) weight: u32,
    /// Readers write it too, so by loads and stores: of two that write at once, one is lost.
    mark: AtomicU64,
}

impl<K, V> Entry<K, V> {
    pub(super) fn new(key: K, value: V, hash: u32, weight: u32, due: Instant) -> Self {
        Self { key, value, due, hash, weight, mark: AtomicU64::new(0) }
    }

    #[inline]
    pub(super) fn mark(&self) -> Mark {
        // Relaxed, here and below: of a mark nothing depends but what goes first; a writer of the shard orders its own.
        Mark(self.mark.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn set_mark(&self, mark: Mark) {
        self.mark.store(mark.0, Ordering::Relaxed);
    }

    /// Asks for the line of the mark, by which a policy looks at the entry.
    #[inline]
    pub(super) fn prefetch(&self) {
        prefetch(&self.mark);
    }

    /// Counts a hit, up to three: then it writes nothing.
    #[inline]
    pub(super) fn hit(&self) {
        let mark = self.mark();
        if mark.hits() < Mark::MOST_HITS {
            self.set_mark(mark.with_hits(mark.hits() + 1));
        }
    }
}

/// What changes of an entry without a writer: how often it was asked for, and when last. Beside it, in which region of
/// the policy it is.
///
/// | bits | |
/// |---|---|
/// | 0, 1 | hits since the policy last looked, up to three; written by readers |
/// | 2, 3 | region |
/// | 4 to 6 | frequency: hits of earlier looks, and of before it left and came back |
/// | 7 to 63 | the clock's nanoseconds at the last use, rounded down to 128, where the cache has a time to idle |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl Mark {
    const MOST_HITS: u8 = 3;
    const HITS: u64 = 0b11;
    const REGION: u64 = 0b1100;
    const REGION_SHIFT: u32 = 2;
    const FREQUENCY: u64 = 0b111_0000;
    const FREQUENCY_SHIFT: u32 = 4;
    /// All but the last use, seven bits.
    const POLICY: u64 = Self::HITS | Self::REGION | Self::FREQUENCY;

    /// Of a new entry.
    pub(super) const fn new(region: u8) -> Self {
        Self((region as u64) << Self::REGION_SHIFT)
    }

    #[inline]
    pub(super) fn hits(self) -> u8 {
        (self.0 & Self::HITS) as u8
    }

    #[inline]
    pub(super) fn region(self) -> u8 {
        ((self.0 & Self::REGION) >> Self::REGION_SHIFT) as u8
    }

    #[inline]
    pub(super) fn frequency(self) -> u8 {
        ((self.0 & Self::FREQUENCY) >> Self::FREQUENCY_SHIFT) as u8
    }

    #[inline]
    pub(super) fn with_hits(self, hits: u8) -> Self {
        Self(self.0 & !Self::HITS | u64::from(hits))
    }

    #[inline]
    pub(super) fn with_frequency(self, frequency: u8) -> Self {
        Self(self.0 & !Self::FREQUENCY | u64::from(frequency) << Self::FREQUENCY_SHIFT)
    }

    pub(super) fn with_region(self, region: u8) -> Self {
        Self(self.0 & !Self::REGION | u64::from(region) << Self::REGION_SHIFT)
    }

    #[inline]
    pub(super) fn with_use(self, now: Instant) -> Self {
        Self(self.0 & Self::POLICY | now.as_nanos() & !Self::POLICY)
    }

    /// How long before `now` the last use was; zero where another thread has used it since `now`.
    #[inline]
    pub(super) fn idle(self, now: Instant) -> Duration {
        now - Instant::from_nanos(self.0 & !Self::POLICY)
    }

    /// A mark that is a number, for a policy that keeps the rest elsewhere.
    pub(super) fn numbered(number: u64) -> Self {
        Self(number)
    }

    pub(super) fn number(self) -> u64 {
        self.0
    }
}
