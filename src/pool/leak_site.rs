use std::backtrace::Backtrace;
use std::sync::Arc;
use std::time::Duration;

/// Where an object was acquired that is still out; of [`ObjectPool::leak_sites`](super::ObjectPool::leak_sites).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LeakSite {
    /// The acquisition.
    pub backtrace: Arc<Backtrace>,
    /// How long the object has been out.
    pub held: Duration,
}
