use crate::cache::entry::{Entry, Mark};
use crate::cache::table::Table;
use crate::cache::window::Window;
use crate::time::Instant;

/// A window over a table in which entries of region 0 are its own.
struct Queue {
    window: Window,
    table: Table<u32, ()>,
    collide: bool,
}

fn is_in(entry: &Entry<u32, ()>) -> bool {
    entry.mark().region() == 0
}

impl Queue {
    fn new(collide: bool) -> Self {
        Self { window: Window::default(), table: Table::new(), collide }
    }

    fn hash(&self, key: u32) -> u32 {
        if self.collide { key % 3 } else { key.wrapping_mul(0x9E37_79B1) }
    }

    fn push(&mut self, key: u32) {
        self.make_way();
        let hash = self.hash(key);
        let place = self.table.insert(Entry::new(key, (), hash, 2, Instant::MAX));
        self.window.push(place, 2);
    }

    fn make_way(&mut self) {
        let Self { window, table, .. } = self;
        if table.is_full() {
            let hashes = window.hashes(table, is_in);
            table.make_way();
            window.moved(&hashes, table, is_in);
        }
    }

    fn remove(&mut self, key: u32) {
        let hash = self.hash(key);
        let Self { window, table, .. } = self;
        let place = table.find(hash, &key).expect("it is in");
        table.take(place);
        window.left(2, table, is_in);
    }

    fn pop(&mut self) -> Option<u32> {
        let Self { window, table, .. } = self;
        let (place, entry) = window.pop(table, is_in)?;
        let key = entry.key;
        table.take(place);
        window.left(2, table, is_in);
        Some(key)
    }

    fn rest(&mut self) -> Vec<u32> {
        std::iter::from_fn(|| self.pop()).collect()
    }
}

#[test]
fn first_in_first_out_over_moves_of_the_table() {
    let mut queue = Queue::new(false);
    (0..1_000).for_each(|key| queue.push(key));
    assert_eq!((queue.window.len(), queue.window.weight()), (1_000, 2_000));
    assert!(queue.rest().into_iter().eq(0..1_000));
    assert_eq!((queue.window.len(), queue.window.weight()), (0, 0));
}

#[test]
fn who_is_taken_out_or_promoted_is_passed_over() {
    let mut queue = Queue::new(false);
    (0..40).for_each(|key| queue.push(key));
    (0..40).step_by(4).for_each(|key| queue.remove(key));
    for key in (1..40).step_by(4) {
        let hash = queue.hash(key);
        let Queue { window, table, .. } = &mut queue;
        let place = table.find(hash, &key).expect("it is in");
        table.at(place).expect("it is in").set_mark(Mark::new(1));
        window.left(2, table, is_in);
    }
    assert!(queue.rest().into_iter().eq((0..40).filter(|key| key % 4 > 1)));
}

#[test]
fn the_queue_does_not_grow_with_what_is_gone_and_keeps_its_order() {
    let mut queue = Queue::new(false);
    (0..10).for_each(|key| queue.push(key));
    for key in 10..10_000 {
        queue.push(key);
        queue.remove(key);
        assert!(queue.window.places().len() <= 2 * queue.window.len() + 32);
    }
    let rest = queue.rest();
    assert_eq!(rest.len(), 10);
    assert!(rest.is_sorted(), "{rest:?}");
}

#[test]
fn an_entry_at_a_place_left_behind_leaves_early_and_once() {
    let mut queue = Queue::new(false);
    queue.push(0);
    queue.push(1);
    queue.remove(0);
    // The place of 0 is the first free one for the same hash.
    let place = queue.table.insert(Entry::new(2, (), 0, 2, Instant::MAX));
    queue.window.push(place, 2);
    assert_eq!(queue.window.places().next(), Some(place), "it has come to the place of 0");
    assert_eq!(queue.rest(), [2, 1]);
}

#[test]
fn entries_of_one_hash_all_come_to_the_end_after_a_move() {
    let mut queue = Queue::new(true);
    (0..100).for_each(|key| queue.push(key));
    let mut rest = queue.rest();
    rest.sort_unstable();
    assert!(rest.into_iter().eq(0..100));
}
