use std::io;

use crate::sys::memory::page_size;

/// Which kind of huge pages memory is to be in: fewer TLB misses, and one fault where there were hundreds.
///
/// ```
/// use bedplate::Demand;
/// use bedplate::mem::{HugePages, Mapping};
///
/// // Two kinds can be had one after the other: the second where nothing is set aside for the first.
/// let region = Mapping::builder(8 << 20)
///     .huge_pages(HugePages::HugeTlb(2 << 20), Demand::Require)
///     .build()
///     .or_else(|_| Mapping::builder(8 << 20).huge_pages(HugePages::Transparent, Demand::Prefer).build())?;
/// if let Some(size) = region.effective().huge_pages {
///     assert_eq!(region.as_ptr().addr().get() % size, 0);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HugePages {
    /// What the kernel can put together when it is asked, of the one size it has for that (2 MiB on most machines).
    /// Such pages may be split and swapped again.
    Transparent,
    /// Pages of so many bytes that the administrator set aside (`/sys/kernel/mm/hugepages`), 2 MiB or 1 GiB on x86-64.
    /// They are never split or swapped, and nobody else has them while this memory lives.
    ///
    /// The child of a `fork` that writes to them, or whose parent does, is killed where no more are free.
    HugeTlb(usize),
}

impl HugePages {
    /// Whether there could be pages of that size.
    pub(crate) fn check(self) -> io::Result<()> {
        match self {
            Self::HugeTlb(page) if !page.is_power_of_two() || page <= page_size() => {
                let text = format!("a huge page is a power of two and larger than a page, not {page}");
                Err(io::Error::new(io::ErrorKind::InvalidInput, text))
            }
            _ => Ok(()),
        }
    }
}
