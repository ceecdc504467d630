/// Whether an end of a channel is ready, from [`Receiver::arm`](super::Receiver::arm) and
/// [`Sender::arm`](super::Sender::arm).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "`Now` means that the closure will not be called"]
pub enum Ready {
    /// It is worth a try now. The closure will not be called for this `arm`.
    Now,
    /// Not yet. The closure will be called once, when it is.
    Later,
}
