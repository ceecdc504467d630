use bedplate::mem::AlignedBuf;
use proptest::prelude::*;

fn address(buf: &AlignedBuf) -> usize {
    buf.as_ptr().addr().get()
}

/// Without the time that a debug build takes for an iterator.
fn is_zero(bytes: &[u8]) -> bool {
    let zeroes = [0; 4096];
    bytes.chunks(zeroes.len()).all(|chunk| chunk == &zeroes[..chunk.len()])
}

/// Around each border at which the kind of memory changes.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![
        8 => 0..100usize,
        8 => 4090..4100usize,
        8 => 65_500..66_000usize,
        8 => 100_000..300_000usize,
        // Few, because they are long.
        1 => (32 << 20) - 2..(32 << 20) + 2usize,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_length_and_alignment_gives_zeroed_aligned_bytes(len in lengths(), shift in 0..=21u32) {
        let buf = AlignedBuf::zeroed(len, 1 << shift);
        prop_assert_eq!(buf.len(), len);
        prop_assert_eq!(buf.align(), 1 << shift);
        prop_assert_eq!(address(&buf) % (1 << shift), 0);
        prop_assert!(is_zero(&buf));
    }

    #[test]
    fn what_is_written_is_read(len in lengths(), shift in 0..=21u32, seed in any::<u8>()) {
        let len = len.min(1 << 20);
        let bytes: Vec<u8> = (0..len).map(|i| seed.wrapping_add((i % 251) as u8)).collect();
        let mut buf = AlignedBuf::from_slice(&bytes, 1 << shift);
        prop_assert_eq!(&buf[..], &bytes[..]);
        let copy = buf.clone();
        buf.fill(0);
        prop_assert_eq!(&copy[..], &bytes[..]);
        prop_assert_eq!(address(&copy) % (1 << shift), 0);
    }
}

#[test]
fn memory_that_was_used_before_is_zero_again() {
    for (len, align) in [(48, 64), (4096, 64), (128 << 10, 64), (128 << 10, 4096), (8192, 1 << 16)] {
        for _ in 0..100 {
            let mut buf = AlignedBuf::zeroed(len, align);
            assert!(is_zero(&buf));
            buf.fill(0xff);
        }
    }
}

#[test]
fn buffers_in_use_do_not_overlap() {
    let mut ranges: Vec<_> = Vec::new();
    let mut keep = Vec::new();
    for (len, align) in [(1, 1), (100, 64), (4096, 4096), (1000, 1 << 16), (1 << 20, 1 << 21), (1 << 16, 512)].repeat(8)
    {
        let buf = AlignedBuf::zeroed(len, align);
        ranges.push(address(&buf)..address(&buf) + len);
        keep.push(buf);
    }
    ranges.sort_unstable_by_key(|range| range.start);
    assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "{ranges:x?}");
}

#[test]
fn the_bytes_stay_where_they_are_when_the_value_moves() {
    for len in [512, 1 << 20, 32 << 20] {
        let buf = AlignedBuf::from_slice(&vec![9; len], 512);
        let before = address(&buf);
        let boxed = Box::new(buf);
        let back = std::thread::spawn(move || *boxed).join().unwrap();
        assert_eq!(address(&back), before);
        assert_eq!((back[0], back[len - 1]), (9, 9));
    }
}

#[test]
fn a_length_that_cannot_be_is_an_error_with_the_request_in_it() {
    for len in [usize::MAX, isize::MAX as usize, 1 << 62] {
        let error = AlignedBuf::try_zeroed(len, 4096).unwrap_err();
        assert_eq!((error.len, error.align), (len, 4096));
        assert_eq!(error.to_string(), format!("no memory for {len} bytes aligned to 4096"));
    }
}

#[test]
fn an_alignment_that_is_none_panics() {
    for align in [0, 3, 4097, 4 << 20] {
        let panic = std::panic::catch_unwind(|| AlignedBuf::zeroed(1, align)).unwrap_err();
        let message = panic.downcast::<String>().unwrap();
        assert!(message.contains(&format!("not {align}")), "{message}");
    }
}

#[test]
fn buffers_compare_as_their_bytes() {
    let (a, b) = (AlignedBuf::from_slice(b"abc", 1), AlignedBuf::from_slice(b"abc", 4096));
    assert_eq!(a, b);
    assert_ne!(a, AlignedBuf::from_slice(b"abd", 1));
    assert!(a < AlignedBuf::from_slice(b"abd", 1));
    let set = std::collections::HashSet::from([a]);
    assert!(set.contains(&b"abc"[..]));
}
