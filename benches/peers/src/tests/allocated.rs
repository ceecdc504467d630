use crate::harness::allocated;
use std::hint::black_box;
use std::panic;
use std::thread;

#[test]
fn what_is_kept_is_counted_by_the_byte() {
    let (kept, bytes) = allocated(|| black_box(Vec::<u8>::with_capacity(1000)));
    assert_eq!((kept.capacity(), bytes), (1000, 1000));
    let (_kept, bytes) = allocated(|| black_box(vec![0_u64; 100]));
    assert_eq!(bytes, 800, "zeroed memory is memory");
    let (_kept, bytes) = allocated(|| [black_box(Box::new(1_u64)), black_box(Box::new(2))]);
    assert_eq!(bytes, 16);
}

#[test]
fn what_is_given_back_or_grown_out_of_is_not() {
    let before = black_box(vec![1_u8; 64]);
    let (mut kept, bytes) = allocated(|| {
        drop(black_box(vec![0_u8; 4096]));
        drop(before);
        Vec::<u8>::with_capacity(10)
    });
    assert_eq!(bytes, 10 - 64);
    let ((), bytes) = allocated(|| kept.reserve_exact(30));
    assert_eq!(bytes, 20);
    let ((), bytes) = allocated(|| kept.shrink_to(15));
    assert_eq!(bytes, -15);
}

#[test]
fn nothing_is_counted_before_and_after_or_on_another_thread() {
    drop(black_box(vec![0_u8; 100]));
    let other = |bytes: usize| thread::scope(|scope| scope.spawn(move || black_box(vec![0_u8; bytes])).join());
    let small = allocated(|| other(1).expect("it allocates")).1;
    let large = allocated(|| other(1 << 20).expect("it allocates")).1;
    assert!(large < small + (1 << 20), "{large} with a megabyte elsewhere, {small} without");
    let ((), bytes) = allocated(|| ());
    assert_eq!(bytes, 0);
}

#[test]
fn a_panic_ends_the_count() {
    let failed = panic::catch_unwind(|| allocated(|| panic::panic_any(0)));
    assert!(failed.is_err());
    assert_eq!(allocated(|| ()).1, 0);
}

#[test]
#[should_panic(expected = "counts already")]
fn a_count_inside_a_count_is_refused() {
    allocated(|| allocated(|| ()));
}
