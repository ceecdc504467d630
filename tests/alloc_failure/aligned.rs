//! Aligned buffers where the allocator refuses.

use bedplate::mem::{AlignedBuf, AlignedUninit};

use crate::refusing::refusing_after;

#[test]
fn a_refused_buffer_is_an_error_that_tells_what_was_asked_for() {
    for (len, align) in [(1, 1), (100, 64), (1 << 20, 4096), (100, 2 << 20)] {
        let ((zeroed, uninit), refused) = refusing_after(0, || {
            (AlignedBuf::try_zeroed(len, align).map(drop), AlignedUninit::try_new(len, align).map(drop))
        });
        assert_eq!(refused, 2);
        for error in [zeroed.unwrap_err(), uninit.unwrap_err()] {
            assert_eq!((error.len, error.align), (len, align));
        }
        assert_eq!(AlignedBuf::try_zeroed(len, align).unwrap().len(), len);
    }
}

#[test]
fn what_needs_no_allocation_cannot_be_refused() {
    let (lengths, refused) = refusing_after(0, || {
        // No bytes, and a mapping of its own.
        [0, 32 << 20].map(|len| AlignedBuf::try_zeroed(len, 4096).map(|buf| buf.len()))
    });
    assert_eq!((lengths, refused), ([Ok(0), Ok(32 << 20)], 0));
}

#[test]
fn a_buffer_takes_one_allocation_and_freezing_it_one_more() {
    let ((), refused) = refusing_after(2, || {
        let whole = AlignedBuf::try_zeroed(4096, 512).unwrap().freeze();
        let (head, tail) = whole.clone().split_at(512);
        drop((head, tail));
        assert_eq!(whole.try_thaw().unwrap().len(), 4096);
    });
    assert_eq!(refused, 0);
}
