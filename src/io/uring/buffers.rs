/// The buffers of an operation, on their way back from a [`Uring`](super::Uring).
///
/// ```
/// use bedplate::io::Buffers;
///
/// assert_eq!(Buffers::One(vec![7]).one(), Some(vec![7]));
/// assert_eq!(Buffers::Many(vec![1, 2]).many(), [1, 2]);
/// assert_eq!(Buffers::<u8>::None.one(), None);
/// ```
#[derive(Debug, PartialEq, Eq)]
pub enum Buffers<B> {
    /// A sync has none.
    None,
    /// That of a read or a write.
    One(B),
    /// Those of a vectored read or write, in their order.
    Many(Vec<B>),
}

impl<B> Buffers<B> {
    /// The buffer of an operation on one.
    #[inline]
    #[must_use = "the buffer is what comes back"]
    pub fn one(self) -> Option<B> {
        match self {
            Self::One(buffer) => Some(buffer),
            Self::None | Self::Many(_) => None,
        }
    }

    /// All buffers, however many there are.
    #[must_use = "the buffers are what comes back"]
    pub fn many(self) -> Vec<B> {
        match self {
            Self::None => Vec::new(),
            Self::One(buffer) => vec![buffer],
            Self::Many(buffers) => buffers,
        }
    }

    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::None)
    }
}
