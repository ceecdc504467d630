use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::ops::{Bound, Deref, Range, RangeBounds};
use std::sync::Arc;

use super::AlignedBuf;

/// A part of a buffer that others read at the same time, counted, and aligned as the whole.
///
/// Made by [`AlignedBuf::freeze`]. A clone is another handle to the same bytes, and costs one count. Parts begin at
/// multiples of the alignment only, so each of them is as aligned as the whole was and can be handed to direct I/O by
/// itself. The memory goes when the last handle to any part of it goes.
///
/// ```
/// use bedplate::mem::{AlignedBuf, SharedBuf};
///
/// let mut buf = AlignedBuf::zeroed(3 * 512, 512);
/// buf[512..517].copy_from_slice(b"hello");
///
/// let whole: SharedBuf = buf.freeze();
/// let (head, tail) = whole.clone().split_at(512);
/// let reader = std::thread::spawn(move || tail[..5].to_vec());
/// assert_eq!(reader.join().unwrap(), b"hello");
///
/// // The buffer comes back where the handle is the only one, and to all of it.
/// let whole = whole.try_thaw().unwrap_err();
/// drop(head);
/// let mut buf = whole.try_thaw().unwrap();
/// buf[512] = b'H';
/// ```
#[derive(Clone)]
pub struct SharedBuf {
    whole: Arc<AlignedBuf>,
    /// Begins at a multiple of the alignment and ends within the whole.
    range: Range<usize>,
}

impl SharedBuf {
    pub(super) fn new(whole: AlignedBuf) -> Self {
        let range = 0..whole.len();
        Self { whole: Arc::new(whole), range }
    }

    /// The alignment that the whole was asked for with, which every part has.
    #[inline]
    #[must_use]
    pub fn align(&self) -> usize {
        self.whole.align()
    }

    /// Another handle to a part of this part.
    ///
    /// # Panics
    ///
    /// If the range begins at no multiple of the alignment, ends before it begins, or after `len()`.
    ///
    /// ```
    /// use bedplate::mem::AlignedBuf;
    ///
    /// let whole = AlignedBuf::from_slice(&[1, 2, 3, 4, 5, 6, 7], 4).freeze();
    /// assert_eq!(&whole.slice(4..6)[..], [5, 6]);
    /// assert_eq!(&whole.slice(..)[..], [1, 2, 3, 4, 5, 6, 7]);
    /// ```
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => self.range.len(),
        };
        self.check(start);
        assert!(start <= end, "range {start}..{end} ends before it begins");
        assert!(end <= self.range.len(), "range {start}..{end} ends after the {} bytes", self.range.len());
        Self { whole: Arc::clone(&self.whole), range: self.range.start + start..self.range.start + end }
    }

    /// The first `at` bytes, and the others.
    ///
    /// # Panics
    ///
    /// If `at` is no multiple of the alignment, or larger than `len()`. The length itself will do where it is a
    /// multiple.
    #[must_use = "the buffer is what comes back"]
    pub fn split_at(mut self, at: usize) -> (Self, Self) {
        let head = self.split_to(at);
        (head, self)
    }

    /// Takes the first `at` bytes off, and keeps the others.
    ///
    /// # Panics
    ///
    /// As [`split_at`](Self::split_at). The part is unchanged then.
    ///
    /// ```
    /// use bedplate::mem::AlignedBuf;
    ///
    /// let mut rest = AlignedBuf::zeroed(1000, 256).freeze();
    /// let mut lengths = Vec::new();
    /// while rest.len() > 256 {
    ///     lengths.push(rest.split_to(256).len());
    /// }
    /// assert_eq!((lengths, rest.len()), (vec![256, 256, 256], 232));
    /// ```
    #[must_use = "the bytes that were taken off are what comes back"]
    pub fn split_to(&mut self, at: usize) -> Self {
        self.check(at);
        assert!(at <= self.range.len(), "{at} lies behind the {} bytes", self.range.len());
        let middle = self.range.start + at;
        let start = mem::replace(&mut self.range.start, middle);
        Self { whole: Arc::clone(&self.whole), range: start..middle }
    }

    /// The buffer, to be written again, where nobody else reads it.
    ///
    /// # Errors
    ///
    /// The handle comes back where it is to a part only, or where another handle to any part is left.
    pub fn try_thaw(self) -> Result<AlignedBuf, Self> {
        let Self { whole, range } = self;
        if range.len() != whole.len() {
            return Err(Self { whole, range });
        }
        Arc::try_unwrap(whole).map_err(|whole| Self { whole, range })
    }

    fn check(&self, at: usize) {
        let align = self.align();
        assert!(at.is_multiple_of(align), "a part begins at a multiple of {align}, which {at} is not");
    }
}

impl From<AlignedBuf> for SharedBuf {
    fn from(buf: AlignedBuf) -> Self {
        buf.freeze()
    }
}

impl Deref for SharedBuf {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.whole[self.range.clone()]
    }
}

impl AsRef<[u8]> for SharedBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Borrow<[u8]> for SharedBuf {
    fn borrow(&self) -> &[u8] {
        self
    }
}

/// By the bytes alone, as all comparisons: where they are does not count.
impl PartialEq for SharedBuf {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Eq for SharedBuf {}

impl PartialEq<[u8]> for SharedBuf {
    fn eq(&self, other: &[u8]) -> bool {
        self[..] == *other
    }
}

impl PartialOrd for SharedBuf {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SharedBuf {
    fn cmp(&self, other: &Self) -> Ordering {
        self[..].cmp(&other[..])
    }
}

impl Hash for SharedBuf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self[..].hash(state);
    }
}

impl fmt::Debug for SharedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBuf")
            .field("ptr", &self.as_ptr())
            .field("len", &self.len())
            .field("align", &self.align())
            .finish()
    }
}
