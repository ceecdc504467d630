#![allow(unsafe_code)] // Says that bytes are written.

use bedplate::mem::{AlignedBuf, AlignedUninit};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_what_the_buffer_holds(
        bytes in proptest::collection::vec(any::<u8>(), 0..10_000),
        shift in 0..=21u32,
    ) {
        let align = 1 << shift;
        let mut uninit = AlignedUninit::new(bytes.len(), align);
        let at = uninit.as_ptr();
        prop_assert_eq!((uninit.len(), uninit.is_empty(), uninit.align()), (bytes.len(), bytes.is_empty(), align));
        prop_assert_eq!(at.addr().get() % align, 0);
        prop_assert_eq!(uninit.as_mut_uninit().len(), bytes.len());
        for (place, byte) in uninit.as_mut_uninit().iter_mut().zip(&bytes) {
            place.write(*byte);
        }
        // SAFETY: there are as many bytes as places, so every place was written.
        let buf = unsafe { uninit.assume_init() };
        prop_assert_eq!(&buf[..], &bytes[..]);
        // The same memory.
        prop_assert_eq!((buf.as_ptr(), buf.align()), (at, align));

        prop_assert_eq!(&AlignedUninit::new(bytes.len(), align).init_from(&bytes), &buf);
        let filled = AlignedUninit::new(bytes.len(), align).fill(0x5a);
        prop_assert_eq!(&filled[..], &vec![0x5a; bytes.len()][..]);
    }
}

#[test]
fn what_was_there_before_does_not_show() {
    for len in [100, 8192, 1 << 20] {
        drop(AlignedUninit::new(len, 64).fill(0xff));
        assert!(AlignedUninit::new(len, 64).fill(1).iter().all(|byte| *byte == 1));
        drop(AlignedUninit::new(len, 64).fill(0xff));
        assert!(AlignedBuf::zeroed(len, 64).iter().all(|byte| *byte == 0));
    }
}

#[test]
fn a_large_one_is_a_mapping_and_goes_as_one() {
    let len = 32 << 20;
    let uninit = AlignedUninit::new(len, 2 << 20);
    let at = uninit.as_ptr().addr().get();
    assert_eq!(at % (2 << 20), 0);
    assert_eq!(crate::support::mapped(at..at + len), len);
    drop(uninit);
    assert!(crate::support::mapped(at..at + len) < len);
    // Of its own: it begins at a page though nobody asked for that.
    assert_eq!(AlignedUninit::new(len, 1).as_ptr().addr().get() % rustix::param::page_size(), 0);
}

#[test]
#[should_panic(expected = "as many bytes as there are")]
fn too_few_bytes_are_no_buffer() {
    let _ = AlignedUninit::new(8, 8).init_from(b"seven b");
}

#[test]
fn a_length_that_cannot_be_is_an_error() {
    let error = AlignedUninit::try_new(isize::MAX as usize, 512).unwrap_err();
    assert_eq!((error.len, error.align), (isize::MAX as usize, 512));
}
