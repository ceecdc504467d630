use std::ops::Range;
use std::slice;

use crate::topo::numa::numa_maps::{count, overlapping, read};

/// The lines are those of Linux 6.1, the odd ones of others.
const MAPS: &[u8] = b"\
5500000000-5500002000 r-xp 00000000 fd:00 1 /bin/a N0=9 kernelpagesize_kB=2048
7f0000000000-7f0000004000 rw-p 00000000 00:00 0
7f0000004000-7f0000008000 rw-p 00000000 00:00 0
7f0000400000-7f0000800000 rw-p 00000000 00:00 0 /anon_hugepage (deleted)
7f0000800000-7f0000802000 rw-p 00000000 00:00 0
no-line at all
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
";

const NUMA_MAPS: &[u8] = b"\
5500000000 default file=/bin/a\\040N0\\0759\\040kernelpagesize_kB\\0752048 mapped=2 mapmax=3 N0=1 N12=1 kernelpagesize_kB=4
7f0000000000 prefer (many):0-1 anon=3 dirty=3 active=0 N0=2 N1=1 kernelpagesize_kB=4
7f0000004000 weighted interleave:1
7f0000400000 bind=static:1 file=/anon_hugepage\\040(deleted) huge anon=2 dirty=2 N1=2 kernelpagesize_kB=2048
7f0000800000 default heap anon=1 dirty=1 N1=1

ffffffffff600000 default
";

fn counts(range: Range<usize>) -> Option<(Vec<(usize, usize)>, usize)> {
    count(NUMA_MAPS, &overlapping(MAPS, &range), 4096).map(|counts| (counts.on, counts.absent))
}

#[test]
fn a_mapping_counts_whole_where_the_range_has_a_byte_of_it() {
    assert_eq!(counts(0x7f00_0000_1000..0x7f00_0000_2000), Some((vec![(0, 2), (1, 1)], 1)));
    assert_eq!(counts(0x7f00_0000_3fff..0x7f00_0000_4001), Some((vec![(0, 2), (1, 1)], 5)));
    assert_eq!(counts(0x7f00_0000_4000..0x7f00_0000_8000), Some((vec![], 4)));
}

#[test]
fn the_name_of_a_file_is_no_count() {
    assert_eq!(counts(0x55_0000_0000..0x55_0000_2000), Some((vec![(0, 1), (12, 1)], 0)));
}

#[test]
fn large_pages_count_as_small_ones_and_old_kernels_tell_no_size() {
    assert_eq!(counts(0x7f00_0040_0000..0x7f00_0080_0000), Some((vec![(1, 1024)], 0)));
    assert_eq!(counts(0x7f00_0080_0000..0x7f00_0080_2000), Some((vec![(1, 1)], 1)));
}

#[test]
fn what_one_file_tells_and_the_other_does_not_is_no_answer() {
    let range = 0x7f00_0000_0000..0x7f00_0000_8000;
    let areas = overlapping(MAPS, &range);
    assert_eq!(areas.len(), 2);
    let without = NUMA_MAPS.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"7f0000004000"));
    assert!(count(&without.collect::<Vec<_>>().join(&b'\n'), &areas, 4096).is_none());
    assert!(count(b"", &areas, 4096).is_none());
    assert!(counts(0x6f00_0000_0000..0x6f00_0000_1000).is_some_and(|(on, absent)| on.is_empty() && absent == 0));
}

#[test]
fn numbers_beyond_all_measure_are_no_answer_and_no_panic() {
    let range = 0x7f00_0000_0000..0x7f00_0000_4000;
    let area = slice::from_ref(&range);
    for words in ["N0=99999999999999999999", "Nx=3", "N=3", "N0=", "kernelpagesize_kB=", "N0=18446744073709551615"] {
        let line = format!("7f0000000000 default {words} kernelpagesize_kB=4\n\u{fffd}zz\n");
        let _ = count(line.as_bytes(), area, 4096);
    }
    let line = b"7f0000000000 default N0=18446744073709551615 kernelpagesize_kB=2048";
    assert_eq!(count(line, area, 4096), None);
}

#[test]
fn the_files_of_this_process_tell_of_its_memory() {
    // What the reading itself allocates may come to lie beside it.
    for pages in [1, 40, 400, 4000] {
        let memory = vec![1_u8; pages * 4096];
        let range = memory.as_ptr().addr()..memory.as_ptr().addr() + memory.len();
        match read(&range) {
            Ok(counts) => assert!(counts.present() >= pages, "{counts:?}"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}"),
        }
    }
}
