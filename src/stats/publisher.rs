use std::collections::HashMap;

use metrics::{Key, Label, SharedString};

use super::samples::Samples;
use super::series::Series;
use super::summary::Summary;
use super::{Figure, Figures, HistogramSnapshot};

/// Publishes the figures of one structure through the `metrics` facade, to whichever recorder the program installed.
///
/// It publishes when it is called and at no other time: before each scrape, or as often as the program likes. A
/// metric's name is the prefix, an underscore and the figure's name; a [`Figure::Count`] becomes a counter, a
/// [`Figure::Level`] a gauge, and a [`Figure::Time`] a counter of nanoseconds whose name says so. Two structures need
/// two publishers, told apart by prefix or [`label`](Self::label).
///
/// Counts are published as they are, not as differences, so calling twice counts nothing twice, and what was counted
/// before the recorder was installed is not lost. What is published never falls. Where the structure is made anew, say
/// so with [`start_over`](Self::start_over).
///
/// Each call looks its metrics up in the recorder there is; `publish` itself allocates at a figure's first time only.
/// With no recorder installed, nothing comes of it. Figures go to the calling thread's local recorder where there is
/// one.
///
/// ```
/// use bedplate::stats::{Counter, Figure, Figures, Publisher};
///
/// struct Seen(u64);
///
/// impl Figures for Seen {
///     fn figures(&self, visit: &mut dyn FnMut(&'static str, Figure)) {
///         visit("seen", Figure::Count(self.0));
///     }
/// }
///
/// let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
/// let handle = recorder.handle();
/// metrics::with_local_recorder(&recorder, || {
///     let events = Counter::new();
///     let mut publisher = Publisher::new("events").label("source", "disk");
///     events.add(3);
///     publisher.publish(&Seen(events.get()));
///     publisher.publish(&Seen(events.get()));
/// });
/// assert!(handle.render().contains("events_seen{source=\"disk\"} 3"));
/// ```
#[derive(Debug)]
#[must_use = "a publisher publishes when `publish` is called"]
pub struct Publisher {
    prefix: String,
    labels: Vec<Label>,
    series: HashMap<&'static str, Series>,
    samples: HashMap<&'static str, Samples>,
    summaries: HashMap<&'static str, Summary>,
}

impl Publisher {
    /// A publisher of metrics whose names begin with `prefix`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            labels: Vec::new(),
            series: HashMap::new(),
            samples: HashMap::new(),
            summaries: HashMap::new(),
        }
    }

    /// A label that all metrics have from now on.
    pub fn label(self, key: impl Into<SharedString>, value: impl Into<SharedString>) -> Self {
        let mut labels = self.labels;
        labels.push(Label::new(key, value));
        // Other labels are other metrics: none has been published yet.
        Self { labels, ..Self::new(self.prefix) }
    }

    /// Publishes every figure.
    pub fn publish(&mut self, figures: &(impl Figures + ?Sized)) {
        let Self { prefix, labels, series, .. } = self;
        metrics::with_recorder(|recorder| {
            figures.figures(&mut |name, figure| {
                let unit = if matches!(figure, Figure::Time(_)) { "_nanoseconds" } else { "" };
                let make = || Series::new(key(prefix, &format!("{name}{unit}"), labels));
                series.entry(name).or_insert_with(make).publish(recorder, figure);
            });
        });
    }

    /// Publishes as a histogram what was recorded since the last call of that `name`: each sample once, also where
    /// snapshots come out of order, as the value that stands for its bucket, in the unit it was recorded in.
    ///
    /// The samples go to the recorder there is: with none, they are gone. What this costs is the recorder's affair.
    /// Some, that for Prometheus among them, keep each sample by itself until they are next rendered, in time and
    /// memory that grow with their number: where there may be millions between two calls,
    /// [`publish_summary`](Self::publish_summary) is the one to call.
    pub fn publish_histogram(&mut self, name: &'static str, seen: &HistogramSnapshot) {
        let Self { prefix, labels, samples, .. } = self;
        let samples = samples.entry(name).or_insert_with(|| Samples::new(key(prefix, name, labels)));
        metrics::with_recorder(|recorder| samples.send(recorder, seen));
    }

    /// Publishes as single metrics what a Prometheus summary consists of, in time and memory that do not depend on how
    /// many samples there are.
    ///
    /// These are gauges of that `name`, with a label `quantile` of 0.5, 0.9, 0.99, 0.999 and 1, for what was recorded
    /// since the last call (NaN where nothing was); and counters `name_count` and `name_sum` for all that ever was, the
    /// sum within the histogram's precision.
    pub fn publish_summary(&mut self, name: &'static str, seen: &HistogramSnapshot) {
        let Self { prefix, labels, summaries, .. } = self;
        let summary =
            summaries.entry(name).or_insert_with(|| Summary::new(|part| key(prefix, &format!("{name}{part}"), labels)));
        metrics::with_recorder(|recorder| summary.send(recorder, seen));
    }

    /// Says that what is published next is of structures made anew, whose counts begin at zero: they are added to what
    /// was published before.
    pub fn start_over(&mut self) {
        self.series.values_mut().for_each(Series::start_over);
        self.samples.values_mut().for_each(Samples::start_over);
        self.summaries.values_mut().for_each(Summary::start_over);
    }
}

fn key(prefix: &str, name: &str, labels: &[Label]) -> Key {
    Key::from_parts(format!("{prefix}_{name}"), labels.to_vec())
}
