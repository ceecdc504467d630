#![allow(unsafe_code)] // An allocator's own interface.

use std::alloc::Layout;
use std::ptr::NonNull;

use allocator_api2::alloc::Allocator;
use allocator_api2::boxed::Box;
use allocator_api2::vec::Vec as AllocVec;
use bedplate::Demand;
use bedplate::mem::{HugePages, MappedAlloc};
use proptest::prelude::*;

use crate::huge_tlb::{SetAside, left};
use crate::support::{huge_pages_are_on, in_huge_pages, mapped};

const PLAIN: MappedAlloc = MappedAlloc::new();

fn transparent() -> MappedAlloc {
    PLAIN.huge_pages(HugePages::Transparent, Demand::Prefer)
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

fn bytes<'a>(block: NonNull<[u8]>) -> &'a mut [u8] {
    // SAFETY: mappings are initialised, and each test drops the slice before it frees the block.
    unsafe { &mut *block.as_ptr() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A block that grows and shrinks keeps its bytes, is zero where that was asked for, and goes as a whole.
    #[test]
    fn blocks_keep_what_is_in_them(
        align in 0..=22u32,
        sizes in proptest::collection::vec((prop_oneof![0..4096usize, 0..40_000usize], any::<bool>()), 1..12),
        kind in 0..3usize,
    ) {
        let alloc = [MappedAlloc::new(), MappedAlloc::new().prefault(), transparent()][kind];
        let align = 1 << align;
        let mut old = layout(sizes[0].0, align);
        let mut block = alloc.allocate_zeroed(old).unwrap();
        prop_assert!(bytes(block).iter().all(|byte| *byte == 0));
        let mut known = old.size();
        bytes(block).fill(0xa5);
        for (size, zeroed) in &sizes[1..] {
            let new = layout(*size, align);
            // SAFETY: `block` was allocated with `old`, and is replaced by what comes back.
            block = unsafe {
                match (new.size() >= old.size(), zeroed) {
                    (true, true) => alloc.grow_zeroed(block.cast(), old, new),
                    (true, false) => alloc.grow(block.cast(), old, new),
                    (false, _) => alloc.shrink(block.cast(), old, new),
                }
            }
            .unwrap();
            prop_assert_eq!((block.len(), block.cast::<u8>().addr().get() % align), (*size, 0));
            known = known.min(*size);
            prop_assert!(bytes(block)[..known].iter().all(|byte| *byte == 0xa5));
            if *zeroed && new.size() >= old.size() {
                prop_assert!(bytes(block)[old.size()..].iter().all(|byte| *byte == 0));
            }
            bytes(block).fill(0xa5);
            known = *size;
            old = new;
        }
        // SAFETY: `block` was allocated with `old`, and is not used any more.
        unsafe { alloc.deallocate(block.cast(), old) };
    }
}

#[test]
fn nothing_is_an_aligned_address_and_no_mapping() {
    for align in [1, 4096, 1 << 30] {
        let block = PLAIN.allocate(layout(0, align)).unwrap();
        assert_eq!((block.len(), block.cast::<u8>().addr().get() % align), (0, 0));
        // SAFETY: it was allocated with this layout.
        unsafe { PLAIN.deallocate(block.cast(), layout(0, align)) };
    }
    assert_eq!(AllocVec::<u64, _>::new_in(PLAIN).capacity(), 0);
    let unit = Box::new_in((), PLAIN);
    assert_eq!(*unit, ());
}

#[test]
fn all_of_a_block_goes() {
    // The pages asked for, whether or not they are had: as much is unmapped as was mapped.
    let start_of = |alloc: MappedAlloc, size| {
        let block = alloc.allocate(layout(size, 8)).unwrap();
        let start = block.cast::<u8>().addr().get();
        let whole = size.next_multiple_of(2 << 20);
        let before = mapped(start..start + whole);
        // SAFETY: it was allocated with this layout.
        unsafe { alloc.deallocate(block.cast(), layout(size, 8)) };
        (before, mapped(start..start + whole), whole)
    };
    for alloc in [transparent(), PLAIN.huge_pages(HugePages::HugeTlb(2 << 20), Demand::Prefer)] {
        let (before, after, whole) = start_of(alloc, (64 << 20) + 4097);
        assert_eq!(before, whole);
        // Others map and unmap at the same time, little of which can come to lie there.
        assert!(after < 32 << 20, "{after}");
    }
}

#[test]
fn a_table_lives_in_huge_pages() {
    let mut table = AllocVec::with_capacity_in(1 << 20, transparent());
    table.resize(1 << 20, 0u64);
    for at in 0..1 << 20 {
        table[at] = at as u64;
    }
    // SAFETY: plain numbers, all of them written.
    let inside = unsafe { std::slice::from_raw_parts(table.as_ptr().cast::<u8>(), size_of_val(&table[..])) };
    assert!(in_huge_pages(inside) >= 8 << 20 || !huge_pages_are_on());
    assert!(table.iter().copied().eq(0..1 << 20));
}

#[test]
fn growing_within_the_pages_moves_nothing() {
    let mut bytes = AllocVec::with_capacity_in(10, PLAIN);
    bytes.extend_from_slice(b"0123456789");
    let at = bytes.as_ptr();
    bytes.reserve_exact(4000);
    assert_eq!((bytes.as_ptr(), &bytes[..]), (at, &b"0123456789"[..]));
    bytes.reserve_exact(5000);
    assert_eq!(&bytes[..], b"0123456789");
}

#[test]
fn a_refusal_is_an_error_of_the_allocation() {
    let mut bytes = AllocVec::<u8, _>::new_in(PLAIN.node(1023, Demand::Require));
    assert!(bytes.try_reserve(1).is_err());
    let mut bytes = AllocVec::<u8, _>::new_in(PLAIN.node(1023, Demand::Prefer));
    assert!(bytes.try_reserve(1).is_ok());
    assert!(PLAIN.allocate(layout(isize::MAX as usize - 4096, 1)).is_err());
}

#[test]
#[should_panic(expected = "a huge page is a power of two and larger than a page, not 3145728")]
fn a_size_that_is_none_panics() {
    let _ = PLAIN.huge_pages(HugePages::HugeTlb(3 << 20), Demand::Off);
}

#[test]
fn pages_that_were_set_aside_go_back() {
    let Some(_pages) = SetAside::new(4) else { return };
    let before = left();
    let alloc = PLAIN.huge_pages(HugePages::HugeTlb(2 << 20), Demand::Require);
    let mut bytes = AllocVec::new_in(alloc);
    bytes.resize(3 << 20, 7u8);
    assert!(left() <= before - 2);
    bytes.truncate(100);
    bytes.shrink_to_fit();
    assert_eq!((left(), &bytes[..]), (before - 1, &[7; 100][..]));
    drop(bytes);
    assert_eq!(left(), before);
    // At more than the size of a page the rest is cut off in whole pages.
    let block = alloc.allocate(layout(100, 4 << 20)).unwrap();
    assert_eq!((left(), block.cast::<u8>().addr().get() % (4 << 20)), (before - 1, 0));
    // SAFETY: it was allocated with this layout.
    unsafe { alloc.deallocate(block.cast(), layout(100, 4 << 20)) };
    assert_eq!(left(), before);
}
