use crate::cache::entry::Entry;
use crate::cache::table::Table;
use crate::cache::{Cache, FACTOR, Policy};
use crate::time::Instant;

fn hash(key: u32) -> u32 {
    key.wrapping_mul(0x85EB_CA6B) ^ key >> 7
}

fn insert(table: &mut Table<u32, ()>, key: u32) -> usize {
    if table.is_full() {
        table.make_way();
    }
    table.insert(Entry::new(key, (), hash(key), 1, Instant::MAX))
}

#[test]
fn turns_are_a_permutation_of_the_places_at_each_size() {
    let mut table = Table::new();
    let mut sizes = 0;
    for key in 0..5_000 {
        let places = table.places();
        insert(&mut table, key);
        if table.places() != places {
            sizes += 1;
            let mut turns: Vec<usize> = (0..table.places()).map(|turn| table.place_of(turn)).collect();
            turns.sort_unstable();
            assert!(turns.into_iter().eq(0..table.places()), "{} places", table.places());
        }
    }
    assert!(sizes >= 10, "{sizes} sizes");
}

/// How many of the insertions find the group full to which their hash points, in per cent: the churn of a full cache, whose
/// hand takes out the entry at the next place, by `place_of`.
fn overflows(place_of: impl Fn(&Table<u32, ()>, usize) -> usize) -> u32 {
    const PLACES: usize = 4_096;
    let mut table = Table::new();
    (0..PLACES as u32 / 4 * 3).for_each(|key| _ = insert(&mut table, key));
    assert_eq!(table.places(), PLACES);
    let (mut hand, mut overflows) = (0, 0);
    let churn = 8 * table.len() as u32;
    for key in 10_000..10_000 + churn {
        let place = loop {
            let place = place_of(&table, hand);
            hand = (hand + 1) % table.places();
            if table.at(place).is_some() {
                break place;
            }
        };
        table.take(place);
        let came = insert(&mut table, key);
        let home = u64::from(hash(key)).wrapping_mul(FACTOR) as usize % table.places();
        overflows += u32::from(came / 16 != home / 16);
    }
    assert_eq!(table.places(), PLACES, "it does not grow by churn");
    overflows * 100 / churn
}

#[test]
fn churn_by_turns_leaves_room_in_the_groups_that_churn_by_places_does_not() {
    let by_turns = overflows(Table::place_of);
    let by_places = overflows(|_, turn| turn);
    assert!(by_turns < 8, "{by_turns} % overflow their group");
    assert!(by_places > 2 * by_turns, "{by_turns} % by turns, {by_places} % place after place");
}

#[test]
fn entries_of_one_hash_are_told_apart() {
    let mut table = Table::new();
    for key in 0..100u32 {
        if table.is_full() {
            table.make_way();
        }
        table.insert(Entry::new(key, key, 7, 1, Instant::MAX));
    }
    for key in (0..100).step_by(2) {
        let place = table.find(7, &key).expect("it is in");
        assert_eq!(table.take(place).value, key);
    }
    for key in 0..100 {
        assert_eq!(table.get(7, &key).map(|entry| entry.value), (key % 2 == 1).then_some(key));
    }
    assert_eq!((table.len(), table.get(8, &1).is_none()), (50, true));
}

#[test]
fn a_full_cache_keeps_the_size_of_its_table() {
    const CAPACITY: usize = 384;
    for policy in [Policy::Adaptive, Policy::S3Fifo, Policy::Lru] {
        let cache: Cache<usize, ()> = Cache::builder(CAPACITY).shards(1).policy(policy).build();
        let places = || cache.visit(0, |shard| shard.table.places());
        (0..CAPACITY).for_each(|key| _ = cache.insert(key, ()));
        let before = places();
        // The marks of what is gone would fill it up.
        (0..40 * CAPACITY).for_each(|key| _ = cache.insert(key, ()));
        assert_eq!(places(), before, "{policy:?}");
    }
}
