use proptest::prelude::*;

use super::policies::NaiveGhosts;
use crate::cache::ghosts::{Ghosts, Left};

#[derive(Clone, Debug)]
enum Op {
    Push(u32, bool, u8),
    Take(u32),
    Age(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let hash = || (0u32..400).prop_map(|n| n.wrapping_mul(0x85EB_CA6B));
    prop_oneof![
        6 => (hash(), any::<bool>(), 0u8..10).prop_map(|(hash, main, frequency)| Op::Push(hash, main, frequency)),
        4 => hash().prop_map(Op::Take),
        1 => any::<usize>().prop_map(Op::Age),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn ghosts_are_lists_of_32(entries in 0usize..150, ops in prop::collection::vec(op(), 0..600)) {
        let (mut ghosts, mut lists) = (Ghosts::new(entries), NaiveGhosts::new(entries));
        prop_assert!(ghosts.entries() >= entries, "two for each entry");
        prop_assert_eq!(ghosts.buckets(), lists.lists());
        for op in ops {
            match op {
                Op::Push(hash, main, frequency) if entries > 0 => {
                    let left = if main { Left::Main } else { Left::Window };
                    ghosts.push(hash, left, frequency);
                    lists.push(hash, left, frequency);
                }
                Op::Take(hash) => prop_assert_eq!(ghosts.take(hash), lists.take(hash)),
                Op::Age(at) if entries > 0 => {
                    ghosts.age(at % ghosts.buckets());
                    lists.age(at % lists.lists());
                }
                _ => {}
            }
        }
    }
}

fn hash(key: u32) -> u32 {
    key.wrapping_mul(0x9E37_79B1).rotate_left(7) ^ key >> 3
}

/// A cache's worth of ghosts, none of which comes back.
fn leave(ghosts: &mut Ghosts, keys: std::ops::Range<u32>) {
    keys.for_each(|key| ghosts.push(hash(key), Left::Window, 1));
}

#[test]
fn who_left_as_long_ago_as_the_cache_is_large_is_known_and_of_rank_16() {
    const ENTRIES: u32 = 4_096;
    let mut ghosts = Ghosts::new(ENTRIES as usize);
    leave(&mut ghosts, 0..ENTRIES + 256);
    let ranks: Vec<u32> = (0..256).filter_map(|key| ghosts.take(hash(key))).map(|ghost| ghost.rank).collect();
    assert!(ranks.len() > 240, "{} of 256 are known", ranks.len());
    let mean = f64::from(ranks.iter().sum::<u32>()) / ranks.len() as f64;
    assert!((14.0..18.0).contains(&mean), "of rank {mean}");
}

#[test]
fn who_left_long_ago_is_forgotten_and_strangers_are_seldom_known() {
    const ENTRIES: u32 = 4_096;
    let mut ghosts = Ghosts::new(ENTRIES as usize);
    leave(&mut ghosts, 0..5 * ENTRIES);
    let known = (0..ENTRIES).filter(|&key| ghosts.take(hash(key)).is_some()).count();
    let strangers = (5 * ENTRIES..6 * ENTRIES).filter(|&key| ghosts.take(hash(key)).is_some()).count();
    // A full bucket has 32 of 4096 fingerprints.
    assert!(known < 64 && strangers < 64, "{known} of the old, {strangers} strangers, of {ENTRIES}");
}
