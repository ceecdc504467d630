use bedplate::time::Clock;
use std::time::Duration;

#[test]
fn time_never_goes_back() {
    for clock in [Clock::Monotonic, Clock::Coarse] {
        let mut before = clock.now();
        for _ in 0..10_000 {
            let now = clock.now();
            assert!(now >= before, "{clock:?}");
            before = now;
        }
    }
}

#[test]
fn the_coarse_clock_is_behind_by_its_resolution_at_most() {
    let late = Clock::Coarse.resolution();
    for _ in 0..1_000 {
        let before = Clock::Monotonic.now();
        let coarse = Clock::Coarse.now();
        let after = Clock::Monotonic.now();
        assert!(coarse <= after);
        // Twice: a tick that the kernel handles late shows as a clock that is late by more than one.
        assert!(before - coarse <= 2 * late, "{:?} behind, {late:?} allowed", before - coarse);
    }
}

#[test]
fn the_monotonic_clock_counts_real_time() {
    let (ours, std) = (Clock::Monotonic.now(), std::time::Instant::now());
    let mut spins = 0u64;
    while std.elapsed() < Duration::from_millis(2) {
        spins += 1;
    }
    let passed = Clock::Monotonic.now() - ours;
    assert!(passed >= Duration::from_millis(2), "{passed:?} after {spins} spins");
    assert!(passed < Duration::from_secs(60), "{passed:?}");
}
