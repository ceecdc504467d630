use std::time::Duration;

use bedplate::cache::{Lru, LruBuilder};
use bedplate::time::Manual;

const NANO: Duration = Duration::from_nanos(1);

fn timed(capacity: usize) -> (Manual, LruBuilder<u32, u32>) {
    let time = Manual::new();
    time.advance(Duration::from_secs(1));
    (time.clone(), Lru::builder(capacity).clock(time))
}

#[test]
fn an_entry_lives_to_the_nanosecond() {
    let (time, builder) = timed(10);
    let mut lru = builder.ttl(Duration::from_secs(1)).build();
    lru.insert(1, 10);
    lru.insert_with_ttl(2, 20, NANO);
    time.advance(NANO);
    assert_eq!((lru.peek(&2).copied(), lru.get(&2).copied()), (None, None));
    time.advance(Duration::from_secs(1) - 2 * NANO);
    assert_eq!(lru.get(&1), Some(&10), "one nanosecond before its end");
    time.advance(NANO);
    assert_eq!(lru.get(&1), None, "at its end");
    let stats = lru.stats();
    assert_eq!((stats.hits, stats.misses, stats.expirations, stats.evictions), (1, 2, 2, 0));
    assert!(lru.is_empty(), "what is found expired is dropped");
}

#[test]
fn a_time_past_the_end_of_the_clock_is_for_ever() {
    let (time, builder) = timed(10);
    let mut lru = builder.ttl(NANO).build();
    lru.insert_with_ttl(1, 1, Duration::MAX);
    lru.insert_with_ttl(2, 2, Duration::from_nanos(u64::MAX));
    time.advance(Duration::MAX);
    assert_eq!((lru.get(&1).copied(), lru.get(&2).copied()), (Some(1), Some(2)));
    // At the end of time a sum saturates: it must not pass for an end that has come.
    lru.insert(3, 3);
    assert_eq!((lru.get(&3).copied(), lru.purge_expired()), (Some(3), 0));

    let (time, builder) = timed(1);
    let mut lru = builder.time_to_idle(Duration::from_nanos(u64::MAX - 2_000_000_000)).build();
    lru.insert(1, 1);
    time.advance(Duration::from_secs(2));
    assert_eq!(lru.get(&1), Some(&1), "from here on its end is past that of the clock");
    time.advance(Duration::MAX);
    assert_eq!((lru.purge_expired(), lru.get(&1)), (0, Some(&1)));
}

#[test]
fn a_time_of_zero_stores_nothing_and_takes_what_was_there() {
    let mut lru = Lru::new(10);
    lru.insert(1, 1);
    assert_eq!(lru.insert_with_ttl(1, 2, Duration::ZERO), Some((1, 1)));
    assert!(lru.is_empty());

    for (ttl, idle) in [(Duration::ZERO, Duration::MAX), (Duration::MAX, Duration::ZERO)] {
        let (_, builder) = timed(10);
        let mut lru = builder.ttl(ttl).time_to_idle(idle).build();
        assert_eq!(lru.insert(1, 1), None);
        assert_eq!(lru.get_or_insert_with(1, || 2), &2);
        assert_eq!(lru.get_or_insert_with(1, || 3), &3, "it is given out, but not stored");
        assert_eq!((lru.len(), lru.stats().insertions, lru.stats().loads), (0, 0, 2));
    }
}

#[test]
fn a_load_that_is_too_heavy_is_given_out_and_not_stored() {
    let mut lru = Lru::builder(10).weigher(10, |_: &u32, &value: &u32| value).build();
    lru.insert(1, 10);
    assert_eq!(lru.get_or_insert_with(2, || 11), &11);
    assert_eq!((lru.len(), lru.weight(), lru.get(&1)), (1, 10, Some(&10)));
    assert_eq!(lru.get(&2), None);
}

#[test]
fn the_expired_go_before_the_living_wherever_they_stand() {
    let (time, builder) = timed(4);
    let mut lru = builder.build();
    for key in 0..3 {
        lru.insert(key, key);
    }
    lru.insert_with_ttl(3, 3, NANO);
    time.advance(NANO);
    assert_eq!(lru.insert(4, 4), None, "an expired pair is not given out");
    assert!(lru.iter().map(|(&key, _)| key).eq([4, 2, 1, 0]));
    assert_eq!((lru.stats().expirations, lru.stats().evictions), (1, 0));
    assert_eq!(lru.insert(5, 5), Some((0, 0)));
}

#[test]
fn a_use_starts_the_time_to_idle_again_and_not_the_time_to_live() {
    let (time, builder) = timed(4);
    let mut lru = builder.ttl(10 * NANO).time_to_idle(4 * NANO).build();
    lru.insert(1, 1);
    lru.insert(2, 2);
    for _ in 0..3 {
        time.advance(3 * NANO);
        assert_eq!(lru.get(&1), Some(&1));
    }
    assert_eq!((lru.len(), lru.purge_expired(), lru.len()), (2, 1, 1));
    time.advance(NANO);
    assert_eq!(lru.get(&1), None);
}

#[test]
fn an_insertion_gives_its_key_a_new_time() {
    let (time, builder) = timed(10);
    let mut lru = builder.ttl(2 * NANO).build();
    lru.insert(1, 1);
    time.advance(NANO);
    assert_eq!(lru.insert(1, 2), Some((1, 1)));
    time.advance(NANO);
    assert_eq!(lru.get(&1), Some(&2));
    lru.insert_with_ttl(1, 3, Duration::MAX);
    time.advance(1_000 * NANO);
    assert_eq!(lru.get(&1), Some(&3));
    lru.insert(1, 4);
    time.advance(2 * NANO);
    assert_eq!(lru.insert(1, 5), None, "an expired value is not given out");
    time.advance(2 * NANO);
    assert_eq!(lru.remove(&1), None, "nor by a removal");
    assert_eq!(lru.stats().expirations, 2);
}

#[test]
fn the_time_of_a_loaded_value_counts_from_the_end_of_the_load() {
    let (time, builder) = timed(10);
    let mut lru = builder.ttl(NANO).build();
    let load = || {
        time.advance(10 * NANO);
        7
    };
    lru.get_or_insert_with(1, load);
    assert_eq!(lru.get(&1), Some(&7));
    time.advance(NANO);
    assert_eq!(lru.get_or_insert_with(1, || 8), &8);
}

#[test]
fn the_first_time_to_live_leaves_order_counts_and_capacity_as_they_were() {
    let (time, builder) = timed(3);
    let mut lru = builder.build();
    for key in 0..4 {
        lru.insert(key, key);
    }
    lru.get(&1);
    let before = lru.stats();
    assert_eq!(lru.insert_with_ttl(3, 33, NANO), Some((3, 3)));
    assert!(lru.iter().map(|(&key, &value)| (key, value)).eq([(3, 33), (1, 1), (2, 2)]));
    let stats = lru.stats();
    assert_eq!((stats.hits, stats.evictions, stats.capacity), (before.hits, before.evictions, 3));
    assert_eq!(stats.insertions, before.insertions + 1);
    time.advance(NANO);
    assert!(lru.iter().map(|(&key, _)| key).eq([1, 2]));
}
