use crate::mem::smaps::is_huge_in;

const SMAPS: &str = "\
5500000000-5500001000 r-xp 00000000 fd:00 1 /bin/a-file b-c
AnonHugePages:         0 kB
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
Rss:                4096 kB
AnonHugePages:      4096 kB
7f0000400000-7f0000800000 rw-p 00000000 00:00 0
AnonHugePages:      2048 kB
";

#[test]
fn a_range_in_areas_of_huge_pages_is_huge() {
    assert!(is_huge_in(SMAPS, &(0x7f00_0000_0000..0x7f00_0040_0000)));
    assert!(is_huge_in(SMAPS, &(0x7f00_0020_0000..0x7f00_0040_0000)));
}

#[test]
fn a_range_that_touches_small_pages_is_not() {
    assert!(!is_huge_in(SMAPS, &(0x7f00_0000_0000..0x7f00_0080_0000)));
    assert!(!is_huge_in(SMAPS, &(0x7f00_0040_0000..0x7f00_0060_0000)));
}

#[test]
fn a_range_that_is_not_mapped_whole_is_not() {
    assert!(!is_huge_in(SMAPS, &(0x7eff_ffe0_0000..0x7f00_0040_0000)));
    assert!(!is_huge_in("", &(0x7f00_0000_0000..0x7f00_0040_0000)));
}
