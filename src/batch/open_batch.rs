use super::trigger::Trigger;
use crate::time::Instant;

/// The batch that takes new items.
#[derive(Debug)]
pub(super) struct OpenBatch<T> {
    pub(super) items: Vec<T>,
    /// What its items measure, saturating; zero where nothing measures them.
    pub(super) bytes: usize,
    /// When the first item came; means something only while there is one and the linger is not zero.
    pub(super) since: Instant,
    /// Set by a flush or a close: the batch is due, yet takes items until the handler is free for it.
    pub(super) due: Option<Trigger>,
}

impl<T> Default for OpenBatch<T> {
    fn default() -> Self {
        Self { items: Vec::new(), bytes: 0, since: Instant::default(), due: None }
    }
}
