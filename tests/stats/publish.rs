use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bedplate::stats::{Figure, Figures, Histogram, HistogramSnapshot, Publisher};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use proptest::prelude::*;

/// A value of the recorder below. Counters behave as those of exporters do.
#[derive(Default)]
struct Cell<T>(Mutex<T>);

impl CounterFn for Cell<u64> {
    fn increment(&self, by: u64) {
        *self.0.lock().unwrap() += by;
    }

    fn absolute(&self, value: u64) {
        let mut held = self.0.lock().unwrap();
        *held = value.max(*held);
    }
}

impl GaugeFn for Cell<f64> {
    fn increment(&self, by: f64) {
        *self.0.lock().unwrap() += by;
    }

    fn decrement(&self, by: f64) {
        *self.0.lock().unwrap() -= by;
    }

    fn set(&self, value: f64) {
        *self.0.lock().unwrap() = value;
    }
}

impl HistogramFn for Cell<BTreeMap<u64, usize>> {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, n: usize) {
        *self.0.lock().unwrap().entry(value as u64).or_default() += n;
    }
}

type Cells<T> = Mutex<BTreeMap<String, Arc<Cell<T>>>>;

/// Keeps what it is told.
#[derive(Default)]
struct Kept {
    counters: Cells<u64>,
    gauges: Cells<f64>,
    histograms: Cells<BTreeMap<u64, usize>>,
}

fn cell<T: Default>(cells: &Cells<T>, key: &Key) -> Arc<Cell<T>> {
    let labels: String = key.labels().map(|label| format!(" {}={}", label.key(), label.value())).collect();
    Arc::clone(cells.lock().unwrap().entry(format!("{}{labels}", key.name())).or_default())
}

fn values<T: Clone>(cells: &Cells<T>) -> Vec<(String, T)> {
    cells.lock().unwrap().iter().map(|(name, cell)| (name.clone(), cell.0.lock().unwrap().clone())).collect()
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(cell(&self.counters, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(cell(&self.gauges, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::from_arc(cell(&self.histograms, key))
    }
}

impl Kept {
    fn counters(&self) -> Vec<(String, u64)> {
        values(&self.counters)
    }

    fn gauges(&self) -> Vec<(String, f64)> {
        values(&self.gauges)
    }

    fn samples(&self, name: &str) -> BTreeMap<u64, usize> {
        self.histograms.lock().unwrap().get(name).map(|cell| cell.0.lock().unwrap().clone()).unwrap_or_default()
    }
}

/// One count, one time and one level.
struct Three(u64, Duration, f64);

impl Figures for Three {
    fn figures(&self, visit: &mut dyn FnMut(&'static str, Figure)) {
        visit("done", Figure::Count(self.0));
        visit("busy", Figure::Time(self.1));
        visit("open", Figure::Level(self.2));
    }
}

fn three(n: u64) -> Three {
    Three(n, Duration::from_nanos(n), n as f64)
}

/// The counters that `three` leads to.
fn counters(done: u64, busy: u64) -> Vec<(String, u64)> {
    vec![("a_busy_nanoseconds".to_owned(), busy), ("a_done".to_owned(), done)]
}

#[test]
fn each_figure_gets_its_kind_a_name_and_the_labels() {
    let kept = Kept::default();
    let mut publisher = Publisher::new("pool").label("pool", "lines").label("node", 3.to_string());
    with_local_recorder(&kept, || publisher.publish(&Three(7, Duration::from_micros(8), -1.5)));
    let counters = [("pool_busy_nanoseconds pool=lines node=3", 8_000), ("pool_done pool=lines node=3", 7)];
    assert_eq!(kept.counters(), counters.map(|(name, n)| (name.to_owned(), n)));
    assert_eq!(kept.gauges(), [("pool_open pool=lines node=3".to_owned(), -1.5)]);
}

#[test]
fn publishing_twice_counts_nothing_twice() {
    let kept = Kept::default();
    let mut publisher = Publisher::new("a");
    with_local_recorder(&kept, || {
        publisher.publish(&three(10));
        publisher.publish(&three(10));
        Publisher::new("a").publish(&three(10));
        publisher.publish(&three(12));
    });
    assert_eq!(kept.counters(), counters(12, 12));
}

#[test]
fn a_recorder_that_comes_late_or_forgot_has_it_all_the_same() {
    let mut publisher = Publisher::new("a");
    publisher.publish(&three(10));
    let (first, second) = (Kept::default(), Kept::default());
    with_local_recorder(&first, || publisher.publish(&three(11)));
    assert_eq!(first.counters(), counters(11, 11));
    first.counters.lock().unwrap().clear();
    with_local_recorder(&first, || publisher.publish(&three(12)));
    assert_eq!(first.counters(), counters(12, 12));
    with_local_recorder(&second, || publisher.publish(&three(12)));
    assert_eq!(second.counters(), counters(12, 12));
}

#[test]
fn a_count_read_too_low_is_no_new_beginning_and_a_level_may_fall() {
    let kept = Kept::default();
    let mut publisher = Publisher::new("a");
    with_local_recorder(&kept, || {
        publisher.publish(&three(10));
        publisher.publish(&three(9));
        assert_eq!(kept.counters(), counters(10, 10));
        assert_eq!(kept.gauges(), [("a_open".to_owned(), 9.0)]);
        publisher.publish(&three(11));
        assert_eq!(kept.counters(), counters(11, 11));
    });
}

#[test]
fn after_a_start_over_counts_add_up() {
    let kept = Kept::default();
    let mut publisher = Publisher::new("a");
    with_local_recorder(&kept, || {
        publisher.publish(&three(10));
        for (n, expected) in [(3, 13), (5, 15)] {
            if n == 3 {
                publisher.start_over();
            }
            publisher.publish(&three(n));
            assert_eq!(kept.counters(), counters(expected, expected));
        }
        publisher.publish(&three(4));
        publisher.start_over();
        publisher.start_over();
        publisher.publish(&three(1));
        assert_eq!(kept.counters(), counters(16, 16));
        assert_eq!(kept.gauges(), [("a_open".to_owned(), 1.0)]);
    });
}

#[test]
fn a_label_that_is_added_later_makes_other_metrics() {
    let kept = Kept::default();
    with_local_recorder(&kept, || {
        let mut publisher = Publisher::new("a");
        publisher.publish(&three(1));
        let mut publisher = publisher.label("x", "y");
        publisher.publish(&three(2));
    });
    let done: Vec<_> = kept.counters().into_iter().filter(|(name, _)| name.starts_with("a_done")).collect();
    assert_eq!(done, [("a_done".to_owned(), 1), ("a_done x=y".to_owned(), 2)]);
}

/// What a recorder has of a histogram that was published once.
fn as_samples(seen: &HistogramSnapshot) -> BTreeMap<u64, usize> {
    let kept = Kept::default();
    with_local_recorder(&kept, || Publisher::new("a").publish_histogram("b", seen));
    kept.samples("a_b")
}

#[test]
fn samples_are_told_as_exactly_as_the_histogram_knows_them() {
    let histogram = Histogram::builder().significant_digits(2).max_value(1_000_000).build();
    for (value, n) in [(0, 1), (127, 5), (54_321, 4), (7_000_000, 2), (9_000_000, 1)] {
        histogram.record_n(value, n);
    }
    let samples = as_samples(&histogram.snapshot());
    let (values, counts): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
    assert_eq!(counts, [1, 5, 4, 3]);
    assert_eq!((values[0], values[1], values[3]), (0, 127, 9_000_000));
    assert!(values[2].abs_diff(54_321) <= 543, "{}", values[2]);
}

#[test]
fn a_bucket_is_told_within_what_was_recorded() {
    let histogram = Histogram::builder().significant_digits(1).build();
    histogram.record(1_000_000);
    assert_eq!(as_samples(&histogram.snapshot()), BTreeMap::from([(1_000_000, 1)]));
}

#[test]
fn each_sample_is_published_once_while_threads_record() {
    const THREADS: u64 = 4;
    const EACH: u64 = 20_000;
    let histogram = Histogram::builder().significant_digits(2).build();
    let kept = Kept::default();
    let mut publisher = Publisher::new("a");
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        let publishing = s.spawn(|| {
            let mut calls = 0;
            while !done.load(Ordering::Acquire) {
                with_local_recorder(&kept, || publisher.publish_histogram("b", &histogram.snapshot()));
                calls += 1;
            }
            calls
        });
        thread::scope(|s| {
            for t in 0..THREADS {
                let histogram = &histogram;
                s.spawn(move || (0..EACH).for_each(|n| histogram.record((n * 7 + t) % 100)));
            }
        });
        done.store(true, Ordering::Release);
        assert!(publishing.join().unwrap() > 0);
    });
    let last = histogram.snapshot();
    with_local_recorder(&kept, || publisher.publish_histogram("b", &last));
    assert_eq!(kept.samples("a_b").values().sum::<usize>() as u64, THREADS * EACH);
    // Values below 128 have a bucket each.
    assert_eq!(kept.samples("a_b"), as_samples(&last));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Of two histograms, so that two snapshots may each hold what the other lacks.
    #[test]
    fn snapshots_in_any_order_and_more_than_once_lead_to_the_same_samples(
        rounds in prop::collection::vec((0u64..200, 1u64..50, any::<bool>()), 1..20),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let (left, right) = (Histogram::new(), Histogram::new());
        let both = |seen: &HistogramSnapshot, other: &Histogram| {
            let mut both = seen.clone();
            both.merge(&other.snapshot());
            both
        };
        let (mut old_left, mut old_right) = (left.snapshot(), right.snapshot());
        let mut snapshots = Vec::new();
        for &(value, n, is_left) in &rounds {
            if is_left { left.record_n(value, n) } else { right.record_n(value, n) }
            // One with the news of the left only, and one with those of the right only.
            snapshots.push(both(&old_left, &right));
            snapshots.push(both(&old_right, &left));
            if n % 2 == 0 {
                (old_left, old_right) = (left.snapshot(), right.snapshot());
            }
        }
        let kept = Kept::default();
        let mut publisher = Publisher::new("a");
        let last = both(&left.snapshot(), &right);
        with_local_recorder(&kept, || {
            for index in order {
                publisher.publish_histogram("b", index.get(&snapshots));
            }
            publisher.publish_histogram("b", &last);
            publisher.publish_histogram("b", &snapshots[0]);
        });
        prop_assert_eq!(kept.samples("a_b"), as_samples(&last));
    }
}

#[test]
fn after_a_start_over_samples_are_those_of_a_new_histogram() {
    let kept = Kept::default();
    let mut publisher = Publisher::new("a");
    with_local_recorder(&kept, || {
        for _ in 0..2 {
            let histogram = Histogram::new();
            histogram.record_n(5, 10);
            publisher.publish_histogram("b", &histogram.snapshot());
            publisher.start_over();
        }
    });
    assert_eq!(kept.samples("a_b"), BTreeMap::from([(5, 20)]));
}

#[test]
fn a_summary_has_the_quantiles_of_its_interval_and_the_count_and_sum_of_all() {
    let quantiles = |kept: &Kept| -> Vec<f64> { kept.gauges().into_iter().map(|(_, level)| level).collect() };
    let totals = |kept: &Kept| -> Vec<u64> { kept.counters().into_iter().map(|(_, count)| count).collect() };
    let kept = Kept::default();
    let histogram = Histogram::new();
    let mut publisher = Publisher::new("a").label("x", "y");
    with_local_recorder(&kept, || {
        (1..=1_000).for_each(|n| histogram.record(n));
        publisher.publish_summary("b", &histogram.snapshot());
        assert_eq!(quantiles(&kept), [500.0, 900.0, 990.0, 999.0, 1_000.0]);
        assert_eq!(totals(&kept), [1_000, 500_500]);

        histogram.record_n(7, 3);
        publisher.publish_summary("b", &histogram.snapshot());
        assert_eq!(quantiles(&kept), [7.0; 5]);
        assert_eq!(totals(&kept), [1_003, 500_521]);

        publisher.publish_summary("b", &histogram.snapshot());
        assert!(quantiles(&kept).iter().all(|level| level.is_nan()));
        assert_eq!(totals(&kept), [1_003, 500_521]);

        publisher.start_over();
        let histogram = Histogram::new();
        histogram.record_n(7, 2);
        publisher.publish_summary("b", &histogram.snapshot());
        assert_eq!(quantiles(&kept), [7.0; 5]);
        assert_eq!(totals(&kept), [1_005, 500_535]);
    });
    let names: Vec<_> = kept.counters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a_b_count x=y", "a_b_sum x=y"]);
    let names: Vec<_> = kept.gauges().into_iter().map(|(name, _)| name).collect();
    let of = |quantile: &str| format!("a_b x=y quantile={quantile}");
    assert_eq!(names, ["0.5", "0.9", "0.99", "0.999", "1"].map(of));
}

#[test]
fn the_usual_exporter_renders_it() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let rendered = recorder.handle();
    let mut publisher = Publisher::new("a").label("x", "y");
    let histogram = Histogram::new();
    with_local_recorder(&recorder, || {
        for n in 1..=2 {
            histogram.record_n(4, 5);
            publisher.publish(&three(n));
            publisher.publish_histogram("b", &histogram.snapshot());
            publisher.publish_summary("c", &histogram.snapshot());
        }
    });
    let text = rendered.render();
    for line in [
        "# TYPE a_done counter",
        "a_done{x=\"y\"} 2",
        "a_busy_nanoseconds{x=\"y\"} 2",
        "# TYPE a_open gauge",
        "a_open{x=\"y\"} 2",
        "# TYPE a_b summary",
        "a_b_count{x=\"y\"} 10",
        "a_b_sum{x=\"y\"} 40",
        "a_c{x=\"y\",quantile=\"0.99\"} 4",
        "a_c_count{x=\"y\"} 10",
    ] {
        assert!(text.lines().any(|l| l == line), "{line:?} is not in\n{text}");
    }
}
