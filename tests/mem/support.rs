//! What the kernel says about the memory of this process.

use std::fs;
use std::ops::Range;

/// The areas of this process in `file`, a file of `/proc/self` like `smaps`, that overlap `range`: bounds, and the
/// lines that tell about the area.
pub fn areas(file: &str, range: Range<usize>) -> Vec<(Range<usize>, Vec<String>)> {
    let mut areas: Vec<(Range<usize>, Vec<String>)> = Vec::new();
    for line in fs::read_to_string(format!("/proc/self/{file}")).unwrap().lines() {
        let bounds = line.split_once(' ').and_then(|(head, _)| head.split_once('-'));
        let hex = |text| usize::from_str_radix(text, 16);
        if let Some((from, to)) = bounds
            && let (Ok(from), Ok(to)) = (hex(from), hex(to))
        {
            areas.push((from..to, Vec::new()));
        }
        if let Some(area) = areas.last_mut() {
            area.1.push(line.to_owned());
        }
    }
    areas.retain(|(bounds, _)| bounds.start < range.end && range.start < bounds.end);
    areas
}

pub fn addresses(bytes: &[u8]) -> Range<usize> {
    bytes.as_ptr().addr()..bytes.as_ptr().addr() + bytes.len()
}

/// How many bytes of `range` are mapped.
pub fn mapped(range: Range<usize>) -> usize {
    let overlap = |area: &Range<usize>| area.end.min(range.end) - area.start.max(range.start);
    areas("maps", range.clone()).iter().map(|(bounds, _)| overlap(bounds)).sum()
}

/// Bytes in transparent huge pages in the areas that overlap `bytes`.
pub fn in_huge_pages(bytes: &[u8]) -> usize {
    let kib = |line: &String| line.strip_prefix("AnonHugePages:")?.trim().strip_suffix(" kB")?.parse::<usize>().ok();
    let areas = areas("smaps", addresses(bytes));
    areas.iter().flat_map(|(_, lines)| lines.iter().filter_map(kib)).sum::<usize>() << 10
}

/// Whether the kernel can be expected to give transparent huge pages to who asks.
pub fn huge_pages_are_on() -> bool {
    fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").is_ok_and(|text| !text.contains("[never]"))
}
