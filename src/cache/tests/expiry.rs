use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use crate::cache::entry::Entry;
use crate::cache::expiry::Expiry;
use crate::cache::life::Life;
use crate::cache::order::Order;
use crate::cache::table::Table;
use crate::cache::{Cache, Cause, Policy};
use crate::time::{Instant, Manual};

#[derive(Clone, Debug)]
enum Op {
    /// Of a key, that ends so long after now; or never.
    Insert(u32, Option<u64>),
    Remove(u32),
    /// The end moves.
    Renew(u32, u64),
    /// It is used, which counts where it may idle.
    Use(u32),
    Advance(u64),
    /// So many places are looked at.
    Find(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0u32..100, prop::option::weighted(0.8, 0u64..40)).prop_map(|(key, ttl)| Op::Insert(key, ttl)),
        1 => (0u32..100).prop_map(Op::Remove),
        2 => (0u32..100, 0u64..40).prop_map(|(key, ttl)| Op::Renew(key, ttl)),
        2 => (0u32..100).prop_map(Op::Use),
        3 => (0u64..12).prop_map(Op::Advance),
        4 => (0usize..40).prop_map(Op::Find),
    ]
}

/// Idleness is measured in these.
const STEP: u64 = 128;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The list has when each key is over. What is found is over; a whole round finds what there is.
    #[test]
    fn the_hand_finds_what_a_list_finds(
        idle in prop::option::of(1u64..20),
        ops in prop::collection::vec(op(), 0..300),
    ) {
        let time = Manual::new();
        let idle = idle.map(|steps| Duration::from_nanos(steps * STEP));
        let life: Life<u32, ()> = Life { clock: time.clone().into(), ttl: None, idle, refresh: None, by_value: None };
        let order = Order::new(Policy::S3Fifo);
        let (mut table, mut expiry) = (Table::new(), Expiry::new());
        let mut list: HashMap<u32, (u64, u64)> = HashMap::new();
        let hash = |key: u32| key.wrapping_mul(0x9E37_79B1);
        for op in ops {
            let now = time.now();
            let after = |steps: u64| now + Duration::from_nanos(steps * STEP);
            let is_over = |&(due, used): &(u64, u64)| {
                now.as_nanos() >= due || idle.is_some_and(|idle| now.as_nanos() - used >= idle.as_nanos() as u64)
            };
            match op {
                Op::Insert(key, ttl) if !list.contains_key(&key) => {
                    if table.is_full() {
                        table.make_way();
                        expiry.moved();
                    }
                    let due = ttl.map_or(Instant::MAX, after);
                    let entry = Entry::new(key, (), hash(key), 1, due);
                    entry.set_mark(entry.mark().with_use(now));
                    if due != Instant::MAX || idle.is_some() {
                        expiry.note(life.end(&entry, now, &order));
                    }
                    table.insert(entry);
                    list.insert(key, (due.as_nanos(), now.as_nanos()));
                }
                Op::Remove(key) if list.contains_key(&key) => {
                    let place = table.find(hash(key), &key).expect("it is in");
                    table.take(place);
                    list.remove(&key);
                }
                Op::Renew(key, ttl) if list.contains_key(&key) => {
                    let place = table.find(hash(key), &key).expect("it is in");
                    let entry = table.at_mut(place).expect("it is in");
                    entry.due = after(ttl);
                    entry.set_mark(entry.mark().with_use(now));
                    expiry.note(after(ttl));
                    list.insert(key, (after(ttl).as_nanos(), now.as_nanos()));
                }
                Op::Use(key) if list.get(&key).is_some_and(|times| !is_over(times)) => {
                    let entry = table.get(hash(key), &key).expect("it is in");
                    entry.set_mark(entry.mark().with_use(now));
                    list.entry(key).and_modify(|times| times.1 = now.as_nanos());
                }
                Op::Advance(steps) => time.advance(Duration::from_nanos(steps * STEP)),
                Op::Find(places) => {
                    let mut budget = places;
                    let found = expiry.find(&table, &life, &order, &mut budget);
                    if let Some(place) = found {
                        let key = table.take(place).key;
                        prop_assert!(list.remove(&key).is_some_and(|times| is_over(&times)), "{key} is not over");
                    } else if places >= table.places() && !list.is_empty() {
                        prop_assert!(!list.values().any(is_over), "a whole round has found nothing");
                    }
                }
                _ => {}
            }
            let first = list.values().map(|&(due, used)| {
                idle.map_or(due, |idle| due.min(used + idle.as_nanos() as u64))
            });
            prop_assert!(first.min().is_none_or(|first| expiry.first().as_nanos() <= first));
        }
    }
}

#[test]
fn expired_entries_go_before_any_that_live_under_each_policy() {
    for policy in [Policy::Adaptive, Policy::S3Fifo, Policy::Lru] {
        let time = Manual::new();
        let (tell, heard) = std::sync::mpsc::channel();
        let cache: Cache<u32, ()> = Cache::builder(48)
            .shards(1)
            .policy(policy)
            .clock(time.clone())
            .listener(move |key, (), cause| _ = tell.send((key, cause)))
            .build();
        for key in 0..48 {
            let ttl = if key % 3 == 0 { Duration::from_nanos(10) } else { Duration::MAX };
            cache.insert_with_ttl(key, (), ttl);
            // What is asked for most is worth most, while it lives.
            (0..key % 3 * 2).for_each(|_| _ = cache.get(&(key - key % 3)));
        }
        time.advance(Duration::from_nanos(10));
        (100..116).for_each(|key| _ = cache.insert(key, ()));
        let mut gone: Vec<_> = heard.try_iter().collect();
        gone.sort_unstable_by_key(|&(key, _)| key);
        assert_eq!(gone, (0..16).map(|n| (3 * n, Cause::Expired)).collect::<Vec<_>>(), "{policy:?}");
        cache.insert(200, ());
        assert!(matches!(heard.try_recv(), Ok((_, Cause::Evicted))), "{policy:?}");
    }
}
