use super::{Signal, SignalSet};

/// What the signals of a batch may stand for beside themselves, from
/// [`SignalBatch::possible_loss`](super::SignalBatch::possible_loss).
///
/// The kernel keeps no count of what it drops, so each of these says that something may be missing, not that it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PossibleLoss {
    /// The standard signals of the batch. Each may stand for any number that was sent while it was pending.
    pub merged: SignalSet,
    /// How many signals came without information, because the queue of pending signals was full when they were sent.
    /// Each may stand for several, real-time ones too.
    pub stripped: usize,
    /// Whether the queue of pending signals was full. Real-time signals queued then were refused, which their senders
    /// were told.
    ///
    /// It is looked at when a batch is full and has a real-time signal, and at most every 10 ms, by the figures of
    /// `/proc/self/status`; where that cannot be read, this stays false.
    pub queue_full: bool,
}

impl PossibleLoss {
    /// Whether no sign of a loss was seen. Never with a standard signal.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What `signals` tell by themselves.
    pub(super) fn of(signals: &[Signal]) -> Self {
        Self {
            merged: signals.iter().map(Signal::signo).filter(|signo| !signo.is_real_time()).collect(),
            stripped: signals.iter().filter(|signal| signal.is_stripped()).count(),
            queue_full: false,
        }
    }
}
