use std::ops::Deref;
use std::slice;

use super::{PossibleLoss, Signal, Signo};

/// Signals that were taken together, in the order the kernel gave them: a slice of [`Signal`].
///
/// ```
/// use bedplate::batch::signals::{SignalBatch, Signo};
///
/// /// What a daemon has to do; a signal that came twice needs to be done once.
/// fn wishes(batch: &SignalBatch) -> (bool, bool) {
///     (batch.contains(Signo::TERM), batch.contains(Signo::HUP))
/// }
/// assert_eq!(wishes(&SignalBatch::default()), (false, false));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SignalBatch {
    signals: Vec<Signal>,
    loss: PossibleLoss,
}

impl SignalBatch {
    /// Whether a signal of this number is in the batch.
    #[must_use]
    pub fn contains(&self, signo: Signo) -> bool {
        self.signals.iter().any(|signal| signal.signo() == signo)
    }

    /// What may be missing.
    #[must_use]
    pub fn possible_loss(&self) -> PossibleLoss {
        self.loss
    }

    pub(super) fn clear(&mut self) {
        self.signals.clear();
        self.loss = PossibleLoss::default();
    }

    pub(super) fn extend(&mut self, signals: impl Iterator<Item = Signal>) {
        self.signals.extend(signals);
    }

    pub(super) fn set_loss(&mut self, loss: PossibleLoss) {
        self.loss = loss;
    }
}

impl Deref for SignalBatch {
    type Target = [Signal];

    fn deref(&self) -> &[Signal] {
        &self.signals
    }
}

impl<'a> IntoIterator for &'a SignalBatch {
    type Item = &'a Signal;
    type IntoIter = slice::Iter<'a, Signal>;

    fn into_iter(self) -> Self::IntoIter {
        self.signals.iter()
    }
}
