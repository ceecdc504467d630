use super::Histogram;
use super::buckets::Buckets;

/// The options of a [`Histogram`], from [`Histogram::builder`].
///
/// ```
/// use bedplate::stats::Histogram;
///
/// // Two digits for block sizes of up to a mebibyte: 7.5 KiB for each thread that records.
/// let sizes = Histogram::builder().significant_digits(2).max_value(1 << 20).build();
/// sizes.record(70_000);
/// assert!(sizes.snapshot().percentile(50.0).abs_diff(70_000) <= 700);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "call `build` to get the histogram"]
pub struct HistogramBuilder {
    significant_digits: Option<u8>,
    max_value: Option<u64>,
}

impl HistogramBuilder {
    const DIGITS: u8 = 3;
    /// One hour in nanoseconds: a latency above that is a fault, not a sample.
    const MAX_VALUE: u64 = 3_600_000_000_000;

    /// How many digits of a value are told apart, 1 to 4; not set, 3. Each digit more takes about eight times the
    /// memory.
    pub fn significant_digits(mut self, digits: u8) -> Self {
        self.significant_digits = Some(digits);
        self
    }

    /// The largest value that is told with full precision; not set, 3,600,000,000,000: one hour in nanoseconds.
    pub fn max_value(mut self, value: u64) -> Self {
        self.max_value = Some(value);
        self
    }

    /// The histogram, empty. Its tables are allocated as threads begin to record.
    ///
    /// # Panics
    ///
    /// Where the significant digits are not 1, 2, 3 or 4, or the largest value is zero.
    #[must_use]
    pub fn build(self) -> Histogram {
        let digits = self.significant_digits.unwrap_or(Self::DIGITS);
        let max = self.max_value.unwrap_or(Self::MAX_VALUE);
        assert!((1..=4).contains(&digits), "a histogram has 1 to 4 significant digits, not {digits}");
        assert!(max > 0, "the largest value of a histogram is at least 1");
        Histogram::with_buckets(Buckets::new(digits, max))
    }
}
