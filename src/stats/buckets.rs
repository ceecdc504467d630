use std::num::NonZeroU64;
use std::ops::RangeInclusive;

/// How values map to the buckets of a histogram.
///
/// Values below 2S have a bucket each. Above, every power of two is cut into S equal buckets, so a bucket is at most
/// 1/S as wide as its lowest value, and its middle is at most 1/(2S) away from any value in it. One bucket more, the
/// last, takes what lies above the largest value asked for. After HdrHistogram, which answers with a bucket's upper
/// end and so needs twice the buckets for the same bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buckets {
    /// S. Known not to be zero, so that its logarithm needs no check.
    unit: NonZeroU64,
    /// log2 of S.
    bits: u32,
    /// The index of the bucket for values past the range, which is the last.
    last: u32,
}

impl Buckets {
    /// Buckets of `digits` (1 to 4) significant digits for values up to `max`.
    pub(super) fn new(digits: u8, max: u64) -> Self {
        // The smallest power of two for which 1/(2S) is at most 10^-digits: 8, 64, 512, 8192.
        let bits = (10u64.pow(digits.into()) / 2).next_power_of_two().ilog2();
        let unit = NonZeroU64::new(1 << bits).expect("a power of two is not zero");
        let endless = Self { unit, bits, last: u32::MAX };
        Self { last: endless.place(max) as u32 + 1, ..endless }
    }

    /// How many buckets there are, the last among them.
    pub(super) fn len(self) -> usize {
        self.last as usize + 1
    }

    /// The bucket of `value`.
    #[inline]
    pub(super) fn index(self, value: u64) -> usize {
        self.place(value).min(self.last as usize)
    }

    /// As [`index`](Self::index), but past the last bucket for values far above the range.
    #[inline]
    pub(super) fn place(self, value: u64) -> usize {
        // Setting bit S makes the shift zero for all values below 2S.
        let shift = (self.unit | value).ilog2() - self.bits;
        // Multiplied, not shifted: a shift by a variable is three operations of an x86-64 CPU.
        (u64::from(shift) * self.unit.get() + (value >> shift)) as usize
    }

    /// The values of bucket `index`.
    pub(super) fn range(self, index: usize) -> RangeInclusive<u64> {
        if index == self.last as usize {
            // Zero past the end: where the largest value is u64::MAX this bucket stays empty.
            return self.lowest(index).unwrap_or(u64::MAX)..=u64::MAX;
        }
        let low = self.lowest(index).unwrap_or(u64::MAX);
        let high = self.lowest(index + 1).map_or(u64::MAX, |next| next - 1);
        low..=high
    }

    /// The lowest value of bucket `index`; `None` where it would lie past `u64::MAX`.
    fn lowest(self, index: usize) -> Option<u64> {
        let index = index as u64;
        let shift = (index >> self.bits).saturating_sub(1) as u32;
        let lead = index - (u64::from(shift) << self.bits);
        lead.checked_mul(1u64.checked_shl(shift)?)
    }

    /// The value that stands for bucket `index`: its middle, rounded down.
    pub(super) fn middle(self, index: usize) -> u64 {
        let range = self.range(index);
        range.start() + (range.end() - range.start()) / 2
    }

    /// Whether `index` is the bucket for values past the range.
    pub(super) fn is_last(self, index: usize) -> bool {
        index == self.last as usize
    }
}
