//! What `/proc/self/smaps` says about huge pages, for kernels that cannot be asked for a range.

use std::fs;
use std::io;
use std::ops::Range;

/// Whether `range`, a range of addresses, is backed by huge pages alone.
///
/// The kernel counts by area, and an area may hold neighbours: then this may say no where yes is true, never the other
/// way round.
pub(super) fn is_huge(range: &Range<usize>) -> io::Result<bool> {
    Ok(is_huge_in(&fs::read_to_string("/proc/self/smaps")?, range))
}

/// Whether the areas of `smaps` that overlap `range` cover it and consist of huge pages alone.
pub(super) fn is_huge_in(smaps: &str, range: &Range<usize>) -> bool {
    let mut covered = 0;
    // The area that the lines are about, where it overlaps.
    let mut area = None;
    for line in smaps.lines() {
        if let Some(bounds) = area_bounds(line) {
            let overlap = bounds.end.min(range.end).saturating_sub(bounds.start.max(range.start));
            covered += overlap;
            area = (overlap > 0).then_some(bounds);
        } else if let Some(huge) = kibibytes(line, "AnonHugePages:")
            && let Some(bounds) = &area
            && huge * 1024 != bounds.len()
        {
            return false;
        }
    }
    covered == range.len()
}

/// The addresses in the head line of an area: `7f0000000000-7f0000200000 rw-p …`.
fn area_bounds(line: &str) -> Option<Range<usize>> {
    let (start, end) = line.split_once(' ')?.0.split_once('-')?;
    Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
}

fn kibibytes(line: &str, field: &str) -> Option<usize> {
    line.strip_prefix(field)?.trim().strip_suffix("kB")?.trim_end().parse().ok()
}
