use std::collections::HashSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;

use bedplate::mem::{AlignedBuf, SharedBuf};
use proptest::prelude::*;
use proptest::sample::Index;

/// The byte at `at` of every buffer here.
fn byte(at: usize) -> u8 {
    (at % 251) as u8
}

fn buffer(len: usize, align: usize) -> AlignedBuf {
    AlignedBuf::from_slice(&(0..len).map(byte).collect::<Vec<_>>(), align)
}

fn address(part: &SharedBuf) -> usize {
    part.as_ptr().addr()
}

#[derive(Clone, Debug)]
enum Op {
    SplitAt(Index, Index),
    SplitTo(Index, Index),
    Slice(Index, Index, Index),
    Clone(Index),
    Drop(Index),
    Thaw(Index),
}

fn op() -> impl Strategy<Value = Op> {
    let index = any::<Index>;
    prop_oneof![
        3 => (index(), index()).prop_map(|(which, at)| Op::SplitAt(which, at)),
        3 => (index(), index()).prop_map(|(which, at)| Op::SplitTo(which, at)),
        2 => (index(), index(), index()).prop_map(|(which, from, to)| Op::Slice(which, from, to)),
        2 => index().prop_map(Op::Clone),
        4 => index().prop_map(Op::Drop),
        3 => index().prop_map(Op::Thaw),
    ]
}

/// A multiple of `align` that may be split at in `len` bytes.
fn place(at: &Index, len: usize, align: usize) -> usize {
    at.index(len / align + 1) * align
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Against a model that knows a part by its range alone.
    #[test]
    fn parts_are_the_bytes_of_their_range_and_thaw_only_alone(
        len in 0..3000usize,
        shift in 0..10u32,
        ops in proptest::collection::vec(op(), 1..40),
    ) {
        let align = 1 << shift;
        let buf = buffer(len, align);
        let start = buf.as_ptr().addr().get();
        let mut parts: Vec<(SharedBuf, Range<usize>)> = vec![(buf.freeze(), 0..len)];
        for op in ops {
            let Some(count) = Some(parts.len()).filter(|count| *count > 0) else { break };
            match op {
                Op::SplitAt(which, at) => {
                    let (part, range) = parts.swap_remove(which.index(count));
                    let at = place(&at, range.len(), align);
                    let (head, tail) = part.split_at(at);
                    parts.push((head, range.start..range.start + at));
                    parts.push((tail, range.start + at..range.end));
                }
                Op::SplitTo(which, at) => {
                    let (part, range) = &mut parts[which.index(count)];
                    let at = place(&at, range.len(), align);
                    let head = part.split_to(at);
                    let middle = range.start + at;
                    let front = range.start..middle;
                    range.start = middle;
                    parts.push((head, front));
                }
                Op::Slice(which, from, to) => {
                    let (part, range) = &parts[which.index(count)];
                    let from = place(&from, range.len(), align);
                    let to = from + to.index(range.len() - from + 1);
                    let slice = (part.slice(from..to), range.start + from..range.start + to);
                    parts.push(slice);
                }
                Op::Clone(which) => parts.push(parts[which.index(count)].clone()),
                Op::Drop(which) => drop(parts.swap_remove(which.index(count))),
                Op::Thaw(which) => {
                    let (part, range) = parts.swap_remove(which.index(count));
                    let alone = count == 1 && range == (0..len);
                    match part.try_thaw() {
                        Ok(mut buf) => {
                            prop_assert!(alone);
                            prop_assert_eq!((buf.as_ptr().addr().get(), buf.len(), buf.align()), (start, len, align));
                            buf.iter_mut().for_each(|byte| *byte ^= 0xff);
                            buf.iter_mut().for_each(|byte| *byte ^= 0xff);
                            parts.push((buf.freeze(), range));
                        }
                        Err(part) => {
                            prop_assert!(!alone);
                            parts.push((part, range));
                        }
                    }
                }
            }
            for (part, range) in &parts {
                prop_assert_eq!(part.len(), range.len());
                prop_assert_eq!(address(part), start + range.start);
                prop_assert_eq!(address(part) % part.align(), 0);
                prop_assert!(part.iter().copied().eq(range.clone().map(byte)));
            }
        }
    }

    /// However a buffer is split, the parts in order are the buffer, each at its alignment.
    #[test]
    fn a_split_tree_covers_the_bytes(
        len in 0..5000usize,
        shift in 0..10u32,
        cuts in proptest::collection::vec(any::<(Index, Index)>(), 0..20),
    ) {
        let align = 1 << shift;
        let mut parts = vec![buffer(len, align).freeze()];
        for (which, at) in cuts {
            let which = which.index(parts.len());
            let part = parts.remove(which);
            let at = place(&at, part.len(), align);
            let (head, tail) = part.split_at(at);
            parts.splice(which..which, [head, tail]);
        }
        prop_assert!(parts.iter().all(|part| address(part).is_multiple_of(align)));
        let joined: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
        prop_assert!(joined.into_iter().eq((0..len).map(byte)));
    }
}

#[test]
fn what_would_break_the_alignment_panics_and_changes_nothing() {
    let mut part = buffer(1000, 64).freeze();
    let before = part.clone();
    for at in [1, 63, 65, 1000, 1024] {
        assert!(catch_unwind(AssertUnwindSafe(|| part.split_to(at))).is_err(), "at {at}");
        assert!(catch_unwind(AssertUnwindSafe(|| part.slice(at..))).is_err(), "at {at}");
    }
    // The end need not be aligned, and lies within.
    assert_eq!(part.slice(960..=999).len(), 40);
    assert!(catch_unwind(AssertUnwindSafe(|| part.slice(0..1001))).is_err());
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let backwards = catch_unwind(AssertUnwindSafe(|| part.slice(128..64)));
    assert!(backwards.is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| part.slice(0..=usize::MAX))).is_err());
    assert_eq!(part, before);
    // None of the refusals kept a handle.
    drop(before);
    assert!(part.try_thaw().is_ok());
}

#[test]
fn a_part_of_a_part_is_refused_by_its_own_length() {
    let (head, _) = buffer(1024, 256).freeze().split_at(512);
    let message = catch_unwind(|| head.slice(0..768)).unwrap_err().downcast::<String>().unwrap();
    assert_eq!(*message, "range 0..768 ends after the 512 bytes");
}

#[test]
fn parts_are_read_on_other_threads_and_the_last_of_them_frees_the_memory() {
    let len = 32 << 20;
    let whole = AlignedBuf::zeroed(len, 4096).freeze();
    let range = crate::support::addresses(&whole);
    let (head, tail) = whole.split_at(len / 2);
    let all = Barrier::new(2);
    thread::scope(|scope| {
        for part in [head, tail] {
            let (all, range) = (&all, range.clone());
            scope.spawn(move || {
                assert_eq!(part.iter().step_by(4096).map(|byte| u32::from(*byte)).sum::<u32>(), 0);
                all.wait();
                assert_eq!(crate::support::mapped(range), len);
                all.wait();
            });
        }
    });
    assert!(crate::support::mapped(range) < len);
}

#[test]
fn of_threads_that_thaw_at_once_one_at_most_succeeds() {
    for _ in 0..200 {
        let whole = buffer(64, 64).freeze();
        let handles: Vec<_> = (0..3).map(|_| whole.clone()).collect();
        drop(whole);
        let thawed: usize = thread::scope(|scope| {
            let tries: Vec<_> =
                handles.into_iter().map(|handle| scope.spawn(|| usize::from(handle.try_thaw().is_ok()))).collect();
            tries.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(thawed <= 1);
    }
}

#[test]
fn handles_compare_as_their_bytes() {
    let one = buffer(512, 64).freeze();
    let other = buffer(512, 512).freeze();
    assert_eq!(one, other);
    assert_eq!(one, one[..]);
    assert_ne!(one, one.slice(64..));
    assert!(one < one.slice(64..));
    assert!(HashSet::from([one]).contains(&other[..]));
    let part: SharedBuf = buffer(8, 8).into();
    let text = format!("{part:?}");
    assert!(text.starts_with("SharedBuf { ptr: 0x") && text.ends_with(", len: 8, align: 8 }"), "{text}");
}

#[cfg(feature = "bytes")]
#[test]
fn bytes_are_the_same_memory_and_keep_it() {
    let whole = buffer(1024, 256).freeze();
    let bytes = bytes::Bytes::from(whole.slice(256..512));
    assert_eq!((bytes.as_ptr().addr(), bytes.len()), (address(&whole) + 256, 256));
    let part = bytes.slice(3..10);
    drop(bytes);
    assert!(part.iter().copied().eq((259..266).map(byte)));
    // What holds the bytes is a handle like any other.
    let whole = whole.try_thaw().unwrap_err();
    drop(part);
    let buf = whole.try_thaw().unwrap();
    let at = buf.as_ptr();
    assert_eq!(bytes::Bytes::from(buf).as_ptr().addr(), at.addr().get());
}
