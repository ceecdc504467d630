use bedplate::stats::Gauge;
use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[test]
fn ups_and_downs_of_all_threads_cancel_out() {
    let gauge = Gauge::new();
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                for _ in 0..10_000 {
                    gauge.add(2);
                    gauge.add(-2);
                }
            });
        }
    });
    assert_eq!(gauge.get(), 0);
    assert!((2..=16).contains(&gauge.max()), "{}", gauge.max());
}

#[test]
fn max_is_the_highest_level_that_was_led_to() {
    let gauge = Gauge::new();
    assert_eq!(gauge.add(5), 5);
    gauge.set(9);
    gauge.set(4);
    assert_eq!(gauge.add(-10), -6);
    assert_eq!((gauge.get(), gauge.max()), (-6, 9));
}

#[test]
fn max_of_a_gauge_that_only_fell_is_its_start() {
    let gauge = Gauge::new();
    gauge.add(-3);
    assert_eq!((gauge.get(), gauge.max()), (-3, 0));
}

#[test]
fn the_higher_of_two_racing_levels_is_kept() {
    const ROUNDS: usize = 5_000;
    let gauges: Vec<Gauge> = (0..ROUNDS).map(|_| Gauge::new()).collect();
    let arrived = AtomicUsize::new(0);
    thread::scope(|s| {
        for level in [1, 2] {
            let (gauges, arrived) = (&gauges, &arrived);
            s.spawn(move || {
                for (round, gauge) in gauges.iter().enumerate() {
                    // Both set a gauge's first level at the same moment, as near as two threads can.
                    arrived.fetch_add(1, Ordering::Relaxed);
                    let mut spins = 0;
                    while arrived.load(Ordering::Relaxed) < 2 * (round + 1) {
                        spins += 1;
                        if spins % 1_000 == 0 {
                            thread::yield_now();
                        }
                        hint::spin_loop();
                    }
                    gauge.set(level);
                }
            });
        }
    });
    assert!(gauges.iter().all(|gauge| gauge.max() == 2));
}
