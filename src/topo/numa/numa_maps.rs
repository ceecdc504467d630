//! What `/proc/self/numa_maps` says of where pages are, for processes that may not ask about single pages.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use super::page_counts::PageCounts;
use crate::sys::numa::page_size;

/// How often the files are read anew where the mappings changed between them.
const ATTEMPTS: usize = 4;

/// How many pages of the mappings that overlap `range` are where.
///
/// One file tells of pages by the mapping's first address, another where the mappings end. Other threads may map memory
/// between the two, by which a mapping grows or divides, so what is said of `range` has to be the same before and
/// after.
pub(super) fn read(range: &Range<usize>) -> io::Result<PageCounts> {
    // Kept from one attempt to the next: to grow them may change the mappings, which has to end.
    let (mut maps, mut numa_maps) = (Vec::new(), Vec::new());
    read_to(&mut maps, "/proc/self/maps")?;
    let mut before = overlapping(&maps, range);
    for _ in 0..ATTEMPTS {
        read_to(&mut numa_maps, "/proc/self/numa_maps")?;
        read_to(&mut maps, "/proc/self/maps")?;
        let after = overlapping(&maps, range);
        if before == after
            && let Some(counts) = count(&numa_maps, &after, page_size())
        {
            return Ok(counts);
        }
        before = after;
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "the mappings changed while they were read"))
}

fn read_to(text: &mut Vec<u8>, path: &str) -> io::Result<()> {
    text.clear();
    File::open(path)?.read_to_end(text).map(drop)
}

/// Whether what was said of single pages, and of this file, means that the kernel knows no nodes.
pub(super) fn kernel_has_none(pages: &io::Error, file: &io::Error) -> bool {
    pages.kind() == io::ErrorKind::Unsupported
        && file.kind() == io::ErrorKind::NotFound
        && Path::new("/proc/self/maps").exists()
}

/// The mappings in `maps` that overlap `range`, in order.
pub(super) fn overlapping(maps: &[u8], range: &Range<usize>) -> Vec<Range<usize>> {
    let bounds = |line: &[u8]| {
        let (start, end) = std::str::from_utf8(line.split(|byte| *byte == b' ').next()?).ok()?.split_once('-')?;
        Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
    };
    let all = maps.split(|byte| *byte == b'\n').filter_map(bounds);
    all.filter(|area| area.start < range.end && range.start < area.end).collect()
}

/// What `numa_maps` says of `areas`; `None` where it does not tell of each.
///
/// A line is the first address, the policy, and words such as `anon=3`, `N0=3` and `kernelpagesize_kB=4`, of which `N0`
/// counts pages of that size. Names of files come in one word, with their spaces and `=` as octal numbers.
pub(super) fn count(numa_maps: &[u8], areas: &[Range<usize>], page: usize) -> Option<PageCounts> {
    let mut counts = PageCounts::default();
    let mut told = 0;
    for line in numa_maps.split(|byte| *byte == b'\n') {
        // A name need not be UTF-8; what is asked for is.
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_ascii_whitespace();
        let Some(start) = words.next().and_then(|word| usize::from_str_radix(word, 16).ok()) else { continue };
        let Some(area) = areas.iter().find(|area| area.start == start) else { continue };
        told += 1;
        let mut kib = page >> 10;
        let mut on = Vec::new();
        for word in words {
            if let Some(size) = word.strip_prefix("kernelpagesize_kB=") {
                kib = size.parse().ok()?;
            } else if let Some((node, pages)) = word.strip_prefix('N').and_then(|word| word.split_once('='))
                && let (Ok(node), Ok(pages)) = (node.parse::<usize>(), pages.parse::<usize>())
            {
                on.push((node, pages));
            }
        }
        let small_pages = |pages: usize| pages.checked_mul(kib << 10).map(|bytes| bytes / page);
        let mut present = 0;
        for (node, pages) in on {
            let pages = small_pages(pages)?;
            counts.add_pages(node, pages);
            present += pages;
        }
        counts.absent += (area.len() / page).saturating_sub(present);
    }
    (told == areas.len()).then_some(counts)
}
