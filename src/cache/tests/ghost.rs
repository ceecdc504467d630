use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::cache::ghost::Ghost;

#[test]
fn what_came_within_the_depth_is_remembered_once() {
    let mut ghost = Ghost::new(100);
    ghost.insert(7);
    assert!(!ghost.take(8));
    assert!(ghost.take(7));
    assert!(!ghost.take(7));
}

#[test]
fn what_is_older_than_the_depth_is_forgotten() {
    let mut ghost = Ghost::new(3);
    for hash in [1, 2, 3] {
        ghost.insert(hash << 40);
    }
    assert!(ghost.take(1 << 40), "the third last of three");
    ghost.insert(1 << 40);
    ghost.insert(4 << 40);
    assert!(!ghost.take(2 << 40), "the fourth last of three");
    assert!(ghost.take(3 << 40));
}

#[test]
fn few_are_lost_to_full_buckets() {
    let hasher = RandomState::default();
    let mut ghost = Ghost::new(10_000);
    (0..50_000).for_each(|n| ghost.insert(hasher.hash_one(n)));
    let remembered = (40_000..50_000).filter(|n| ghost.take(hasher.hash_one(n))).count();
    assert!(remembered > 8_500, "{remembered} of the last 10,000 remembered");
    let false_hits = (0..40_000).filter(|n| ghost.take(hasher.hash_one(n))).count();
    assert_eq!(false_hits, 0, "of 40,000 older ones");
}

#[test]
fn a_depth_of_zero_remembers_nothing() {
    let mut ghost = Ghost::new(0);
    ghost.insert(1);
    assert!(!ghost.take(1));
}
