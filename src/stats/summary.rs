use metrics::{Key, Label, Recorder};

use super::HistogramSnapshot;
use super::series::Series;
use super::unsent::Unsent;

/// The gauges and counters that together are a summary in the sense of Prometheus.
#[derive(Debug)]
pub(super) struct Summary {
    /// With each, how many of a thousand samples do not exceed it.
    quantiles: [(u64, Series); 5],
    count: Series,
    sum: Series,
    unsent: Unsent,
}

impl Summary {
    const QUANTILES: [(u64, &str); 5] = [(500, "0.5"), (900, "0.9"), (990, "0.99"), (999, "0.999"), (1000, "1")];

    /// A summary of whose metrics `key` makes the keys, from the ends of their names.
    pub(super) fn new(key: impl Fn(&str) -> Key) -> Self {
        let quantile = |label| key("").with_extra_labels(vec![Label::from_static_parts("quantile", label)]);
        Self {
            quantiles: Self::QUANTILES.map(|(rank, label)| (rank, Series::new(quantile(label)))),
            count: Series::new(key("_count")),
            sum: Series::new(key("_sum")),
            unsent: Unsent::default(),
        }
    }

    pub(super) fn send(&mut self, recorder: &dyn Recorder, seen: &HistogramSnapshot) {
        let new = self.unsent.take(seen);
        for (per_mille, series) in &self.quantiles {
            series.level(recorder, quantile(&new, *per_mille).map_or(f64::NAN, |value| value as f64));
        }
        self.count.count(recorder, seen.count());
        self.sum.count(recorder, (seen.mean() * seen.count() as f64).round() as u64);
    }

    pub(super) fn start_over(&mut self) {
        self.count.start_over();
        self.sum.start_over();
        self.unsent = Unsent::default();
    }
}

/// The smallest value that `per_mille` of a thousand do not exceed; `None` where there are none.
fn quantile(samples: &[(u64, u64)], per_mille: u64) -> Option<u64> {
    let count: u128 = samples.iter().map(|&(_, n)| u128::from(n)).sum();
    let rank = (count * u128::from(per_mille)).div_ceil(1000);
    let mut below = 0;
    samples.iter().find_map(|&(value, n)| {
        below += u128::from(n);
        (below >= rank).then_some(value)
    })
}
