//! Into the `Bytes` of the crate `bytes`, without copying.

use bytes::Bytes;

use super::{AlignedBuf, SharedBuf};

/// The same bytes, kept alive by what is returned. It is cut at any byte, so its parts need not be aligned.
///
/// ```
/// use bedplate::mem::AlignedBuf;
/// use bytes::Bytes;
///
/// let part = AlignedBuf::from_slice(b"hello, world", 4).freeze().slice(4..);
/// let address = part.as_ptr();
/// let bytes = Bytes::from(part);
/// assert_eq!(&bytes[..], b"o, world");
/// assert_eq!(bytes.as_ptr(), address);
/// ```
impl From<SharedBuf> for Bytes {
    fn from(part: SharedBuf) -> Self {
        Self::from_owner(part)
    }
}

/// The same bytes, kept alive by what is returned.
impl From<AlignedBuf> for Bytes {
    fn from(buf: AlignedBuf) -> Self {
        Self::from_owner(buf)
    }
}
