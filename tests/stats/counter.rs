use bedplate::stats::Counter;
use std::thread;

#[test]
fn no_addition_is_lost() {
    let counter = Counter::new();
    thread::scope(|s| {
        for n in 1..=8 {
            let counter = &counter;
            s.spawn(move || (0..10_000).for_each(|_| counter.add(n)));
        }
    });
    assert_eq!(counter.get(), 36 * 10_000);
}

#[test]
fn the_sum_wraps_around() {
    let counter = Counter::new();
    counter.add(u64::MAX);
    counter.add(3);
    assert_eq!(counter.get(), 2);
}
