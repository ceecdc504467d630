//! How often the caches hit on recorded keys.

use super::store::Store;
use super::trace::{self, Trace};
use super::{Moka, Ours, Quick};
use crate::harness::{Bench, Better, Spec};

/// One capacity of one trace: percent of hits of each contender.
struct Point {
    row: String,
    keys: usize,
    percent: [f64; 3],
}

/// Measures the rows of hit ratios.
pub fn run(bench: &mut Bench) {
    let Some(folder) = Trace::folder() else {
        bench.leave_out("hitratio", "no traces: set BEDPLATE_TRACES to their folder");
        return;
    };
    let mut points = Vec::new();
    for trace in trace::ALL {
        // A quick run takes the least capacity of each trace.
        let capacities = if bench.quick() { &trace.capacities[..1] } else { trace.capacities };
        let wanted = |capacity| bench.wants(&row(trace, capacity)) || bench.wants("hitratio mean");
        if !capacities.iter().any(|&capacity| wanted(capacity)) {
            continue;
        }
        match trace.keys(&folder) {
            Ok(keys) => points.extend(capacities.iter().map(|&capacity| Point::measure(trace, capacity, &keys))),
            Err(error) => bench.leave_out(format!("hitratio {}", trace.name), error),
        }
    }
    if points.is_empty() {
        return;
    }
    let mean =
        |contender: usize| points.iter().map(|point| point.percent[contender]).sum::<f64>() / points.len() as f64;
    let detail = format!("mean over the {} points measured; get, then insert on a miss; one thread", points.len());
    bench.run(spec("hitratio mean", &detail, [mean(0), mean(1), mean(2)]));
    for point in &points {
        let detail = format!("{} keys; get, then insert on a miss; one thread; verified: each value", point.keys);
        bench.run(spec(&point.row, &detail, point.percent));
    }
}

fn row(trace: Trace, capacity: usize) -> String {
    format!("hitratio {}@{capacity}", trace.name)
}

fn spec(row: &str, detail: &str, [ours, quick, moka]: [f64; 3]) -> Spec<'static> {
    Spec::new(row, detail)
        .unit("% hits", Better::Higher)
        .once()
        .figure("bedplate", move || ours)
        .figure("quick_cache", move || quick)
        .figure("moka", move || moka)
}

impl Point {
    fn measure(trace: Trace, capacity: usize, keys: &[u64]) -> Self {
        let percent =
            [percent::<Ours>(capacity, keys), percent::<Quick>(capacity, keys), percent::<Moka>(capacity, keys)];
        Self { row: row(trace, capacity), keys: keys.len(), percent }
    }
}

fn percent<S: Store>(capacity: usize, keys: &[u64]) -> f64 {
    let cache = S::with_capacity(capacity);
    let hits = keys.iter().filter(|&&key| super::get_or_insert_one(&cache, key)).count();
    100.0 * hits as f64 / keys.len() as f64
}
