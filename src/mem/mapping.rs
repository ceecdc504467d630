use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;

use super::wishes::Wishes;
use super::{Effective, MappingBuilder};
use crate::sys::memory::{Pages, page_size};

/// A region of zeroed memory straight from the kernel, aligned to the page and unmapped on drop.
///
/// Memory is taken as it is first touched, unless [`prefault`](MappingBuilder::prefault),
/// [`huge_pages`](MappingBuilder::huge_pages), [`node`](MappingBuilder::node) or
/// [`memory`](MappingBuilder::memory) asks for it beforehand. The bytes stay
/// where they are when the value moves. Making one costs a system call or more, and each page a fault: it is for
/// regions that live long.
///
/// ```
/// use bedplate::Demand;
/// use bedplate::mem::{HugePages, Mapping};
///
/// let mut region = Mapping::builder(4 << 20).huge_pages(HugePages::Transparent, Demand::Prefer).build()?;
/// assert_eq!(region.len(), 4 << 20);
/// assert!(region.iter().all(|byte| *byte == 0));
/// region[4096] = 1;
/// println!("in huge pages of: {:?}", region.effective().huge_pages);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Mapping {
    pages: Pages,
    /// What was asked for, at most `pages.len()`.
    len: usize,
    effective: Effective,
}

impl Mapping {
    /// A mapping of `len` bytes without further wishes.
    ///
    /// # Errors
    ///
    /// As [`MappingBuilder::build`].
    pub fn new(len: usize) -> io::Result<Self> {
        Self::builder(len).build()
    }

    /// Starts a mapping of `len` bytes.
    pub fn builder(len: usize) -> MappingBuilder {
        MappingBuilder::new(len)
    }

    /// As wished; `len` is not zero.
    pub(crate) fn with_wishes(len: usize, wishes: &Wishes) -> io::Result<Self> {
        let (pages, effective) = wishes.map(len, 1)?;
        debug_assert!(len <= pages.len());
        Ok(Self { pages, len, effective })
    }

    /// The length that was asked for. What lies between it and the end of the last page belongs to the mapping, and
    /// is out of reach.
    #[inline]
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a mapping is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The first byte, for callers that hand out parts of the region by pointer.
    ///
    /// Valid for reads and writes of [`len`](Self::len) bytes while the mapping lives, wherever the value moves. Who
    /// uses it to write keeps to the rules of references: no slice of the mapping may be in use over the same bytes.
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        self.pages.as_ptr()
    }

    /// What was obtained of what the builder asked for.
    #[must_use]
    pub fn effective(&self) -> Effective {
        self.effective.clone()
    }

    /// Zeroes `range`, and gives the whole pages in it back to the kernel until they are touched again.
    ///
    /// In transparent huge pages, a part of one splits it, which [`effective`](Self::effective) does not tell. HugeTLB
    /// pages are zeroed and stay: they are set aside for the mapping, and given back one could be refused at the next
    /// touch.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses, as it does for memory locked with `mlock`. The bytes are unchanged then.
    ///
    /// # Panics
    ///
    /// If the range ends before it starts, or after [`len`](Self::len).
    ///
    /// ```
    /// use bedplate::mem::Mapping;
    ///
    /// let mut region = Mapping::new(1 << 20)?;
    /// region.fill(7);
    /// region.discard(100..1 << 20)?;
    /// assert!(region[..100].iter().all(|byte| *byte == 7));
    /// assert!(region[100..].iter().all(|byte| *byte == 0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn discard(&mut self, range: Range<usize>) -> io::Result<()> {
        assert!(range.start <= range.end, "range {range:?} ends before it starts");
        assert!(range.end <= self.len, "range {range:?} ends after the {} bytes of the mapping", self.len);
        let page = page_size();
        let first = range.start.next_multiple_of(page);
        // The last page is whole where the range reaches the end: the rest of it is out of everybody's reach.
        let last = if range.end == self.len { self.len.next_multiple_of(page) } else { range.end / page * page };
        if first >= last || self.pages.page() > page {
            self[range].fill(0);
            return Ok(());
        }
        self.pages.release(first..last)?;
        self[range.start..first].fill(0);
        if last < range.end {
            self[last..range.end].fill(0);
        }
        Ok(())
    }
}

impl Deref for Mapping {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.pages.as_slice(self.len)
    }
}

impl DerefMut for Mapping {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.pages.as_mut_slice(self.len)
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("ptr", &self.as_ptr())
            .field("len", &self.len)
            .field("effective", &self.effective)
            .finish()
    }
}
