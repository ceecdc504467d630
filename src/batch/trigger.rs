/// Why a batch was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    Items,
    Bytes,
    Linger,
    Urgent,
    Flush,
    Close,
}

impl Trigger {
    pub(super) const COUNT: usize = 6;

    /// Whether the batch was as large as it may be.
    pub(super) fn is_full(self) -> bool {
        matches!(self, Self::Items | Self::Bytes)
    }
}
