use std::time::Duration;

/// How often a batch is handed to the handler again, and after what time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retry {
    pub(super) times: u32,
    pub(super) backoff: Duration,
}

impl Retry {
    /// How long to wait before try `n` of the tries after the first, from zero: twice as long each time.
    pub(super) fn wait(&self, n: u32) -> Duration {
        self.backoff.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX))
    }
}
