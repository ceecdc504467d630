/// What the transfers of a file must be multiples of, in bytes. Both are powers of two, and 1 where anything goes.
///
/// The two differ: an NVMe disk with sectors of 4096 bytes may take memory at any multiple of 4, and a loop device with
/// such sectors takes memory at multiples of 512.
///
/// ```
/// use bedplate::io::Alignment;
///
/// let sectors = Alignment { memory: 512, offset: 4096 };
/// assert!(sectors.offset.is_power_of_two());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// Of the address of a buffer.
    pub memory: usize,
    /// Of the offset in the file, and of the length of the transfer.
    pub offset: usize,
}

impl Alignment {
    /// The alignment of a file that is not read or written directly.
    pub(super) const NONE: Self = Self { memory: 1, offset: 1 };

    #[inline]
    pub(super) fn fits(self, buf: &[u8], offset: u64) -> bool {
        self.allows(buf.as_ptr().addr(), buf.len(), offset)
    }

    #[inline]
    pub(super) fn allows(self, address: usize, len: usize, offset: u64) -> bool {
        // Or-ing the two together checks them with one mask; both alignments are powers of two.
        let file = offset | len as u64;
        file & (self.offset as u64 - 1) == 0 && address & (self.memory - 1) == 0
    }

    /// The greatest multiple of the offset alignment that is no more than `n`.
    #[inline]
    pub(super) fn down(self, n: u64) -> u64 {
        n & !(self.offset as u64 - 1)
    }

    /// The least multiple of the offset alignment that is no less than `n`.
    #[inline]
    pub(super) fn up(self, n: usize) -> usize {
        n.next_multiple_of(self.offset)
    }

    /// By how much an aligned transfer may be moved on, in the file and in memory, to be aligned again.
    #[inline]
    pub(super) fn step(self) -> usize {
        self.offset.max(self.memory)
    }
}
