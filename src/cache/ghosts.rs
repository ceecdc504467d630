use crate::primitive::prefetch;

/// Who left lately: fingerprints of the hashes, in buckets of one cache line.
///
/// A bucket is a small FIFO, the newest first, so that the rank of a ghost among its kind in its bucket is its age, and no
/// time is kept: rank r stands for about r sixteenths of the capacity. An unknown key is taken for a ghost once in some
/// 130 times; it then has a frequency, or a place, that it has not earned.
#[derive(Debug)]
pub(super) struct Ghosts {
    buckets: Box<[Bucket]>,
}

const WAYS: usize = 32;

/// Ghosts for each entry.
const PER_ENTRY: usize = 2;

/// A ghost has 12 bits of its hash, 1 of where it left and 3 of how often it was asked for. Zero is vacant, since none was
/// asked for never.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket([u16; WAYS]);

const FREQUENCY: u16 = 0b0111;
const MAIN: u16 = 0b1000;
const FINGERPRINT: u16 = !(FREQUENCY | MAIN);

/// Whence an entry left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// At the end of the window it was refused.
    Window,
    /// It was put out of the main region.
    Main,
}

/// What is known of one who left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ghost {
    pub(super) left: Left,
    /// How many of its kind in its bucket left after it.
    pub(super) rank: u32,
    pub(super) frequency: u8,
}

impl Ghosts {
    pub(super) const MAX_FREQUENCY: u8 = FREQUENCY as u8;

    /// Ghosts of a shard that holds so many entries.
    pub(super) fn new(entries: usize) -> Self {
        let buckets = (PER_ENTRY * entries).div_ceil(WAYS);
        Self { buckets: vec![Bucket([0; WAYS]); buckets].into() }
    }

    /// For how many entries there is room.
    pub(super) fn entries(&self) -> usize {
        self.buckets.len() * WAYS / PER_ENTRY
    }

    pub(super) fn buckets(&self) -> usize {
        self.buckets.len()
    }

    fn place(&self, hash: u32) -> (usize, u16) {
        let mixed = u64::from(hash).wrapping_mul(super::FACTOR);
        let bucket = ((mixed >> 32) * self.buckets.len() as u64) >> 32;
        (bucket as usize, ((mixed ^ mixed >> 32) as u16) << 4)
    }

    /// Asks for what is known of `hash`.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        if let Some(bucket) = self.buckets.get(self.place(hash).0) {
            prefetch(bucket);
        }
    }

    /// The entry of `hash` leaves. There has to be a bucket.
    pub(super) fn push(&mut self, hash: u32, left: Left, frequency: u8) {
        let (bucket, fingerprint) = self.place(hash);
        let ways = &mut self.buckets[bucket].0;
        let kind = if left == Left::Main { MAIN } else { 0 };
        // Up to the first vacant place, else over the oldest.
        let vacant = first(ways, 0, u16::MAX).unwrap_or(WAYS - 1);
        ways.copy_within(..vacant, 1);
        ways[0] = fingerprint | kind | u16::from(frequency.clamp(1, Self::MAX_FREQUENCY));
    }

    /// The entry of `hash` comes back.
    pub(super) fn take(&mut self, hash: u32) -> Option<Ghost> {
        if self.buckets.is_empty() {
            return None;
        }
        let (bucket, fingerprint) = self.place(hash);
        let ways = &mut self.buckets[bucket].0;
        let mut at = first(ways, fingerprint, FINGERPRINT)?;
        if ways[at] == 0 {
            // A fingerprint of zeros looks like a vacant place.
            at = ways.iter().position(|&way| way != 0 && way & FINGERPRINT == fingerprint)?;
        }
        let way = std::mem::take(&mut ways[at]);
        let newer = &ways[..at];
        let rank = newer.iter().filter(|&&other| other != 0 && (other ^ way) & MAIN == 0).count() as u32;
        let left = if way & MAIN == 0 { Left::Window } else { Left::Main };
        Some(Ghost { left, rank, frequency: (way & FREQUENCY) as u8 })
    }

    /// Halves the frequencies of a bucket; none falls below 1.
    pub(super) fn age(&mut self, bucket: usize) {
        for way in &mut self.buckets[bucket].0 {
            let frequency = *way & FREQUENCY;
            *way = (*way & !FREQUENCY) | (frequency >> 1) | u16::from(frequency == 1);
        }
    }
}

/// The first of the ways whose `bits` are those of `pattern`. All are compared, eight at a time, and the answers then looked
/// through by words.
#[inline]
fn first(ways: &[u16; WAYS], pattern: u16, bits: u16) -> Option<usize> {
    let found = ways.map(|way| u8::from(way & bits == pattern));
    found.as_chunks::<8>().0.iter().zip((0..).step_by(8)).find_map(|(&eight, at)| {
        let eight = u64::from_le_bytes(eight);
        (eight != 0).then(|| at + (eight.trailing_zeros() / 8) as usize)
    })
}
