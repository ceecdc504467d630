use crate::harness::Bench;

/// A group of rows, named after the module it measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// `bedplate::queue`.
    Queue,
    /// `bedplate::channel`.
    Channel,
    /// `bedplate::pool`.
    Pool,
    /// `bedplate::cache`.
    Cache,
    /// `bedplate::batch`.
    Batch,
    /// `bedplate::stats`.
    Stats,
    /// `bedplate::topo`.
    Topo,
    /// Files read and written by `bedplate::io`.
    Io,
    /// `bedplate::io::AppendLog`.
    Log,
    /// The example `pipeline` as a whole.
    Pipeline,
}

impl Suite {
    /// All of them, in the order in which they run.
    pub const ALL: &'static [Self] = &[
        Self::Queue,
        Self::Channel,
        Self::Pool,
        Self::Cache,
        Self::Batch,
        Self::Stats,
        Self::Topo,
        Self::Io,
        Self::Log,
        Self::Pipeline,
    ];

    /// The suite of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|suite| suite.name() == name)
    }

    /// Its name on the command line and in the rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Channel => "channel",
            Self::Pool => "pool",
            Self::Cache => "cache",
            Self::Batch => "batch",
            Self::Stats => "stats",
            Self::Topo => "topo",
            Self::Io => "io",
            Self::Log => "log",
            Self::Pipeline => "pipeline",
        }
    }

    /// Measures its rows.
    pub fn run(self, bench: &mut Bench) {
        match self {
            Self::Queue => super::queue::run(bench),
            Self::Channel => super::channel::run(bench),
            Self::Pool => super::pool::run(bench),
            Self::Cache => super::cache::run(bench),
            Self::Batch => super::batch::run(bench),
            Self::Stats => super::stats::run(bench),
            Self::Topo => super::topo::run(bench),
            Self::Io => super::io::run(bench),
            Self::Log => super::log::run(bench),
            Self::Pipeline => super::pipeline::run(bench),
        }
    }
}
