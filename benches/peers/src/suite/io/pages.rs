use rustix::fs::Advice;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

/// What the files of the rows hold: pages of noise, each of which begins with its number.
///
/// Noise, since a disk may well treat zeros in a way of its own.
pub struct Pages {
    /// Of one block, and the same in all of them.
    noise: Vec<u8>,
    /// Added to the numbers: pages of another time are told by it.
    salt: u64,
}

impl Pages {
    /// Bytes of a page.
    pub const SIZE: usize = 4096;
    /// Bytes of a block, in which files are written and most are read.
    pub const BLOCK: usize = 1 << 20;
    /// Pages of a block.
    pub const IN_BLOCK: u64 = (Self::BLOCK / Self::SIZE) as u64;

    /// Pages whose numbers begin at `salt`.
    pub fn new(salt: u64) -> Self {
        // xorshift64 of Marsaglia: noise enough for a disk, and the same in each run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        let noise = (0..Self::BLOCK / 8).flat_map(|_| next()).collect();
        Self { noise, salt }
    }

    /// The block of that index, as long as the pages are not asked for the next.
    pub fn block(&mut self, index: usize) -> &[u8] {
        let first = self.salt + index as u64 * Self::IN_BLOCK;
        for (number, page) in (first..).zip(self.noise.chunks_exact_mut(Self::SIZE)) {
            page[..8].copy_from_slice(&number.to_le_bytes());
        }
        &self.noise
    }

    /// The number that the first page of the block of that index has.
    pub fn first(&self, index: usize) -> u64 {
        self.salt + index as u64 * Self::IN_BLOCK
    }

    /// The sum of the numbers of a file of so many blocks.
    pub fn sum(&self, blocks: usize) -> u64 {
        let pages = blocks as u64 * Self::IN_BLOCK;
        pages * self.salt + pages * (pages - 1) / 2
    }

    /// Writes a file of so many blocks, and syncs it.
    pub fn write(&mut self, path: &Path, blocks: usize) -> io::Result<()> {
        let mut file = File::create(path)?;
        for index in 0..blocks {
            file.write_all(self.block(index))?;
        }
        file.sync_all()
    }
}

/// The number of the page at the beginning of `bytes`.
pub fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(*bytes.first_chunk().expect("a page is longer than its number"))
}

/// The numbers of all pages of `bytes`, summed.
pub fn numbers(bytes: &[u8]) -> u64 {
    bytes.chunks(Pages::SIZE).map(number).sum()
}

/// Reads a file of whole blocks front to back, 1 MiB a read: the sum of what `look` finds in each.
pub fn read_std(path: &Path, look: impl Fn(&[u8]) -> u64) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut block = vec![0; Pages::BLOCK];
    let mut sum = 0_u64;
    while let read @ 1.. = file.read(&mut block)? {
        assert_eq!(read, Pages::BLOCK, "a file of whole blocks is read in whole blocks");
        sum = sum.wrapping_add(look(&block));
    }
    Ok(sum)
}

/// Sees to it that nothing of the file is in the page cache.
///
/// # Errors
///
/// Those of the calls; and where some of it stays there.
pub fn evict(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.sync_all()?;
    rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
    if cached(&file) == Some(0) || cached(&file).is_none() {
        return Ok(());
    }
    // All that the machine has cached, and for root alone: the advice is a wish, this is not.
    std::fs::write("/proc/sys/vm/drop_caches", "1")?;
    match cached(&file) {
        Some(pages @ 1..) => Err(io::Error::other(format!("{pages} pages of {} stay in the cache", path.display()))),
        _ => Ok(()),
    }
}

/// How many pages of the file are in the page cache; `None` where the kernel does not tell (before Linux 6.5).
#[allow(unsafe_code)] // The C library has no function for this system call.
pub fn cached(file: &File) -> Option<u64> {
    /// `struct cachestat_range` of `linux/mman.h`.
    #[repr(C)]
    struct Range {
        offset: u64,
        len: u64,
    }
    let all = Range { offset: 0, len: 0 };
    // `struct cachestat`: pages in the cache, dirty, under writeback, evicted, recently evicted.
    let mut counts = [0_u64; 5];
    // SAFETY: both structures are of the layout that the kernel has for them, and live over the call, which reads the
    // one and writes the other.
    let refused = unsafe { libc::syscall(SYS_CACHESTAT, file.as_raw_fd(), &raw const all, counts.as_mut_ptr(), 0) };
    (refused == 0).then_some(counts[0])
}

/// The same on all architectures, as all system calls since 424.
const SYS_CACHESTAT: libc::c_long = 451;
