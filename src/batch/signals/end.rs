/// Why gathering a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The batch is full.
    Items,
    /// The first signal has waited for the linger.
    Linger,
    /// The caller's time is up.
    Caller,
    /// Somebody wants the thread to end.
    Close,
}
