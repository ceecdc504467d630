use bedplate::cache::Lru;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Clone, Debug)]
enum Op {
    Insert(u8, u16),
    Get(u8),
    Change(u8, u16),
    Peek(u8),
    Remove(u8),
    Load(u8, u16),
    Pop,
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0u8..12;
    prop_oneof![
        6 => (key.clone(), any::<u16>()).prop_map(|(k, v)| Op::Insert(k, v)),
        4 => key.clone().prop_map(Op::Get),
        2 => (key.clone(), any::<u16>()).prop_map(|(k, v)| Op::Change(k, v)),
        2 => key.clone().prop_map(Op::Peek),
        2 => key.clone().prop_map(Op::Remove),
        4 => (key, any::<u16>()).prop_map(|(k, v)| Op::Load(k, v)),
        1 => Just(Op::Pop),
        1 => Just(Op::Clear),
    ]
}

/// A list, the most recently used first.
struct Model(Vec<(u8, u16)>, usize);

impl Model {
    fn take(&mut self, key: u8) -> Option<(u8, u16)> {
        let at = self.0.iter().position(|entry| entry.0 == key)?;
        Some(self.0.remove(at))
    }

    fn insert(&mut self, key: u8, value: u16) -> Option<(u8, u16)> {
        let old = self.take(key);
        self.0.insert(0, (key, value));
        old.or_else(|| if self.0.len() > self.1 { self.0.pop() } else { None })
    }

    fn get(&mut self, key: u8) -> Option<u16> {
        let entry = self.take(key)?;
        self.0.insert(0, entry);
        Some(entry.1)
    }
}

proptest! {
    #[test]
    fn the_order_is_that_of_a_list(capacity in 1usize..8, ops in prop::collection::vec(op(), 0..200)) {
        let mut lru = Lru::new(capacity);
        let mut model = Model(Vec::new(), capacity);
        for op in ops {
            match op {
                Op::Insert(k, v) => prop_assert_eq!(lru.insert(k, v), model.insert(k, v)),
                Op::Get(k) => prop_assert_eq!(lru.get(&k).copied(), model.get(k)),
                Op::Change(k, v) => {
                    if let Some(value) = lru.get_mut(&k) {
                        *value = v;
                    }
                    if model.get(k).is_some() {
                        model.0[0].1 = v;
                    }
                }
                Op::Peek(k) => {
                    let held = model.0.iter().find(|entry| entry.0 == k).map(|entry| entry.1);
                    prop_assert_eq!(lru.peek(&k).copied(), held);
                    prop_assert_eq!(lru.contains(&k), held.is_some());
                }
                Op::Remove(k) => prop_assert_eq!(lru.remove(&k), model.take(k).map(|entry| entry.1)),
                Op::Load(k, v) => {
                    let expected = model.get(k).unwrap_or_else(|| {
                        model.insert(k, v);
                        v
                    });
                    prop_assert_eq!(*lru.get_or_insert_with(k, || v), expected);
                }
                Op::Pop => prop_assert_eq!(lru.pop(), model.0.pop()),
                Op::Clear => {
                    lru.clear();
                    model.0.clear();
                }
            }
            prop_assert!(lru.iter().map(|(&k, &v)| (k, v)).eq(model.0.iter().copied()));
            prop_assert!(lru.iter().rev().map(|(&k, &v)| (k, v)).eq(model.0.iter().rev().copied()));
            prop_assert_eq!((lru.len(), lru.is_empty(), lru.capacity()), (model.0.len(), model.0.is_empty(), capacity));
        }
    }
}

#[test]
fn stats_tell_what_was_replaced_from_what_was_evicted() {
    let mut lru = Lru::new(2);
    lru.insert("a", 1);
    lru.insert("a", 2);
    lru.insert("b", 3);
    lru.insert("c", 4);
    lru.get("a");
    lru.get("b");
    lru.get_or_insert_with("b", || unreachable!());
    lru.get_or_insert_with("d", || 5);
    assert_eq!(lru.peek("d"), Some(&5));
    let stats = lru.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (2, 2, 1));
    assert_eq!((stats.insertions, stats.evictions, stats.expirations), (5, 2, 0));
    assert_eq!((stats.len, stats.capacity), (2, 2));
}

#[test]
fn a_loader_that_panics_changes_nothing() {
    let mut lru = Lru::new(2);
    lru.insert(1, 1);
    lru.insert(2, 2);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        lru.get_or_insert_with(3, || std::panic::resume_unwind(Box::new(())));
    }));
    assert!(panic.is_err());
    assert!(lru.iter().map(|(&k, _)| k).eq([2, 1]));
}

#[test]
fn a_large_capacity_takes_no_memory_before_it_fills() {
    let mut lru = Lru::new(usize::MAX);
    assert_eq!(lru.insert("key".to_owned(), 1), None);
    assert_eq!(lru.get("key"), Some(&1));
}

#[test]
#[should_panic(expected = "capacity 0")]
fn a_capacity_of_zero_is_refused() {
    let _ = Lru::<u32, u32>::new(0);
}
