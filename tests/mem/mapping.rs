use std::fs;
use std::io;
use std::os::unix::fs::FileExt;

use bedplate::Demand;
use bedplate::mem::{Effective, HugePages, Mapping};
use proptest::prelude::*;

use crate::support::{addresses, huge_pages_are_on, in_huge_pages, mapped};

fn page_size() -> usize {
    rustix::param::page_size()
}

/// How many bytes of `bytes` are in memory, by the kernel's page table: one word a page, of which bit 63 says so.
fn resident(bytes: &[u8]) -> usize {
    let first = bytes.as_ptr().addr() / page_size();
    let mut words = vec![0; bytes.len().div_ceil(page_size()) * 8];
    fs::File::open("/proc/self/pagemap").unwrap().read_exact_at(&mut words, first as u64 * 8).unwrap();
    words.chunks_exact(8).filter(|word| word[7] & 0x80 != 0).count() * page_size()
}

#[test]
fn every_length_is_zeroed_writable_and_page_aligned() {
    for len in [1, 100, page_size() - 1, page_size(), page_size() + 1, 3 << 20] {
        let mut region = Mapping::new(len).unwrap();
        assert_eq!(region.len(), len);
        assert_eq!(region.as_ptr().addr().get() % page_size(), 0);
        assert!(region.iter().all(|byte| *byte == 0));
        region.fill(1);
        assert!(region.iter().all(|byte| *byte == 1));
    }
}

#[test]
fn no_bytes_are_no_mapping() {
    assert_eq!(Mapping::new(0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(
        Mapping::builder(0).huge_pages(HugePages::Transparent, Demand::Require).build().unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
}

#[test]
fn more_than_the_address_space_is_an_error() {
    for len in [usize::MAX, isize::MAX as usize, 1 << 60] {
        assert_eq!(Mapping::new(len).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        let huge = Mapping::builder(len).huge_pages(HugePages::Transparent, Demand::Prefer).build();
        assert_eq!(huge.unwrap_err().kind(), io::ErrorKind::OutOfMemory);
    }
}

#[test]
fn prefaulting_takes_the_memory_and_nothing_else_does() {
    let lazy = Mapping::new(8 << 20).unwrap();
    assert!(!lazy.effective().prefaulted);
    assert_eq!(resident(&lazy), 0);
    let eager = Mapping::builder(8 << 20).prefault().build().unwrap();
    assert!(eager.effective().prefaulted);
    assert_eq!(resident(&eager), 8 << 20);
}

#[test]
fn huge_pages_are_told_as_they_are() {
    let mut region = Mapping::builder(5 << 20).huge_pages(HugePages::Transparent, Demand::Prefer).build().unwrap();
    assert!(region.iter().all(|byte| *byte == 0));
    region.fill(3);
    if let Some(size) = region.effective().huge_pages {
        assert_eq!(region.as_ptr().addr().get() % size, 0);
        assert!(region.effective().prefaulted);
        assert!(in_huge_pages(&region) >= region.len());
    } else {
        assert!(!huge_pages_are_on(), "the kernel's setting allows huge pages, and there were none");
    }
    assert_eq!(Mapping::builder(5 << 20).build().unwrap().effective(), Effective::default());
}

#[test]
fn required_huge_pages_are_there_or_an_error() {
    match Mapping::builder(100).huge_pages(HugePages::Transparent, Demand::Require).build() {
        Ok(region) => {
            assert_eq!(region.len(), 100);
            assert!(region.effective().huge_pages.is_some());
            assert!(in_huge_pages(&region) > 0);
        }
        Err(error) => assert!(!huge_pages_are_on(), "refused although the kernel's setting allows them: {error}"),
    }
}

#[test]
fn a_small_mapping_does_not_take_a_huge_page_unless_required() {
    let region = Mapping::builder(4096).huge_pages(HugePages::Transparent, Demand::Prefer).build().unwrap();
    assert_eq!(region.effective().huge_pages, None);
}

#[test]
fn discarding_gives_whole_pages_back_and_keeps_the_rest() {
    let page = page_size();
    let mut region = Mapping::builder(100 * page).prefault().build().unwrap();
    region.discard(page + 1..51 * page - 1).unwrap();
    assert_eq!(resident(&region), (100 - 48) * page);
    region.discard(0..100 * page).unwrap();
    assert_eq!(resident(&region), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn discarding_zeroes_the_range_and_no_other_byte(len in 1..40_000usize, a in 0..40_000usize, b in 0..40_000usize) {
        let (a, b) = (a.min(len), b.min(len));
        let range = a.min(b)..a.max(b);
        let mut region = Mapping::new(len).unwrap();
        region.fill(0xa5);
        region.discard(range.clone()).unwrap();
        for (at, byte) in region.iter().enumerate() {
            prop_assert_eq!(*byte, if range.contains(&at) { 0 } else { 0xa5 }, "at {}", at);
        }
    }
}

#[test]
#[should_panic(expected = "ends after the 4096 bytes")]
fn discarding_past_the_end_panics() {
    let mut region = Mapping::new(4096).unwrap();
    let _ = region.discard(0..4097);
}

#[test]
fn dropping_unmaps() {
    let region = Mapping::new(77 << 20).unwrap();
    let range = addresses(&region);
    assert_eq!(mapped(range.clone()), 77 << 20);
    drop(region);
    assert!(mapped(range) < 77 << 20);
}

#[test]
fn wishes_that_are_off_are_none() {
    let plain = Mapping::builder(4 << 20)
        .huge_pages(HugePages::HugeTlb(2 << 20), Demand::Off)
        .node(9999, Demand::Off)
        .build()
        .unwrap();
    assert_eq!(plain.effective(), Effective::default());
    assert_eq!(resident(&plain), 0);
}
