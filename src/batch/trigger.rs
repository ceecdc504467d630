/// Why a batch was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    Items,
    Bytes,
    Linger,
    Flush,
    Close,
}

impl Trigger {
    pub(super) const COUNT: usize = 5;
}
