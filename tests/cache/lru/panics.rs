use std::cell::Cell;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use bedplate::cache::Lru;
use bedplate::time::Manual;
use proptest::prelude::*;

thread_local! {
    /// How many calls of user code are left before one panics; none where it is negative.
    static FUSE: Cell<i32> = const { Cell::new(-1) };
    /// How many there are.
    static ALIVE: Cell<i32> = const { Cell::new(0) };
}

fn burn() {
    let left = FUSE.get();
    FUSE.set(left - 1);
    if left == 0 && !std::thread::panicking() {
        resume_unwind(Box::new("burnt"));
    }
}

/// Runs `act` with a panic after `fuse` calls of user code; says whether it did not come to that.
fn fused(fuse: i32, act: impl FnOnce()) -> bool {
    FUSE.set(fuse);
    let done = catch_unwind(AssertUnwindSafe(act)).is_ok();
    FUSE.set(-1);
    done
}

/// A key and value whose every method may panic; keys come in pairs of one hash.
#[derive(Debug)]
struct Fused(u8);

impl Fused {
    fn new(n: u8) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Self(n)
    }
}

impl Hash for Fused {
    fn hash<H: Hasher>(&self, state: &mut H) {
        burn();
        (self.0 / 2).hash(state);
    }
}

impl PartialEq for Fused {
    fn eq(&self, other: &Self) -> bool {
        burn();
        self.0 == other.0
    }
}

impl Eq for Fused {}

impl Drop for Fused {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        burn();
    }
}

type Hashing = BuildHasherDefault<DefaultHasher>;
type FusedLru = Lru<Fused, Fused, Hashing>;

/// Keys above twelve are too heavy.
fn limited(time: &Manual) -> FusedLru {
    let weigh = |key: &Fused, _: &Fused| {
        burn();
        u32::from(key.0)
    };
    Lru::builder(5).weigher(12, weigh).clock(time.clone()).hasher(Hashing::default()).build()
}

/// What to do, to which key.
type Op = (u8, u8);

/// `value` tells values of one key apart.
fn act(lru: &mut FusedLru, (what, key): Op, value: u8) {
    let pair = || (Fused::new(key), Fused::new(value));
    let (k, v) = pair();
    match what {
        0 => drop(lru.insert(k, v)),
        1 => drop(lru.try_insert(k, v)),
        2 => drop(lru.insert_with_ttl(k, v, Duration::from_nanos(u64::from(value % 4)))),
        3 => drop(lru.get_or_insert_with(k, || {
            burn();
            v
        })),
        4 => drop(lru.get_or_try_insert_with(k, || Err::<Fused, Fused>(v)).map(|value| value.0)),
        5 => drop(lru.get(&k).map(|value| value.0)),
        6 => drop(lru.remove(&k)),
        7 => drop(lru.pop()),
        8 => lru.resize(usize::from(key % 5) + 1),
        9 => lru.retain(|held, _| {
            burn();
            held.0 % 3 != key % 3
        }),
        10 => drop(lru.purge_expired()),
        _ if key < 4 => lru.clear(),
        _ => {}
    }
}

fn state(lru: &FusedLru) -> (Vec<(u8, u8)>, usize) {
    (lru.iter().map(|(key, value)| (key.0, value.0)).collect(), lru.capacity())
}

/// What a map is after these steps, of which some changed nothing, without a panic.
fn replay(steps: &[Option<Op>]) -> (Vec<(u8, u8)>, usize) {
    let time = Manual::new();
    let mut lru = limited(&time);
    for (step, op) in steps.iter().enumerate() {
        if step > 0 {
            time.advance(Duration::from_nanos(1));
        }
        if let Some(op) = *op {
            act(&mut lru, op, step as u8);
        }
    }
    state(&lru)
}

proptest! {
    /// After a panic anywhere, the operation is done or has changed nothing, and nothing is lost or dropped twice.
    #[test]
    fn a_panic_anywhere_comes_before_or_after(ops in prop::collection::vec(((0u8..12, 0u8..16), 0i32..20), 0..40)) {
        ALIVE.set(0);
        let time = Manual::new();
        let mut lru = limited(&time);
        let mut steps = Vec::new();
        for (step, (op, fuse)) in ops.into_iter().enumerate() {
            if step > 0 {
                time.advance(Duration::from_nanos(1));
            }
            fused(fuse, || act(&mut lru, op, step as u8));
            steps.push(Some(op));
            let found = state(&lru);
            // One value may be kept aside.
            let (alive, held) = (ALIVE.get(), 2 * lru.len() as i32);
            prop_assert!(alive == held || alive == held + 1, "{alive} for {held}");
            if found != replay(&steps) {
                steps[step] = None;
                prop_assert_eq!(&found, &replay(&steps));
            }
            for key in 0..16 {
                let listed = found.0.iter().find(|pair| pair.0 == key).map(|pair| pair.1);
                prop_assert_eq!(lru.peek(&Fused::new(key)).map(|value| value.0), listed);
            }
            prop_assert!(lru.len() <= lru.capacity() && lru.weight() <= 12);
        }
        drop(lru);
        prop_assert_eq!(ALIVE.get(), 0);
    }

    /// A map without limits stays as it was where the first `Hash` panics, and loses nothing where a `Drop` does.
    #[test]
    fn a_panic_before_the_look_up_changes_nothing(ops in prop::collection::vec((0u8..7, 0u8..16), 0..40)) {
        ALIVE.set(0);
        let mut lru = FusedLru::with_hasher(5, Hashing::default());
        for (step, op) in ops.into_iter().enumerate() {
            let before = state(&lru);
            if op.0 != 2 {
                prop_assert!(!fused(0, || act(&mut lru, op, step as u8)));
                prop_assert_eq!(&before, &state(&lru));
                act(&mut lru, op, step as u8);
            }
            prop_assert_eq!(ALIVE.get(), 2 * lru.len() as i32);
        }
        drop(lru);
        prop_assert_eq!(ALIVE.get(), 0);
    }
}

/// A value whose `Drop` panics as long as it is armed.
struct Bomb<'a>(&'a Cell<bool>, &'a Cell<u32>);

impl Drop for Bomb<'_> {
    fn drop(&mut self) {
        self.1.set(self.1.get() + 1);
        if self.0.replace(false) {
            resume_unwind(Box::new("burnt"));
        }
    }
}

#[test]
fn several_that_are_pushed_out_are_all_dropped_where_one_panics() {
    let (armed, dropped) = (Cell::new(false), Cell::new(0));
    let bomb = || Bomb(&armed, &dropped);
    let mut lru = Lru::builder(100).weigher(8, |&key: &u32, _: &Bomb<'_>| key).build();
    for _ in 0..2 {
        lru.insert(1, bomb());
        lru.insert(2, bomb());
        lru.insert(3, bomb());
        dropped.set(0);
        armed.set(true);
        assert!(catch_unwind(AssertUnwindSafe(|| lru.insert(8, bomb()))).is_err());
        assert_eq!((dropped.get(), lru.len(), lru.weight()), (3, 1, 8));
        assert!(lru.contains(&8), "the new one is in");
        lru.clear();
        assert_eq!(dropped.get(), 4);
    }
}

#[test]
fn a_loader_that_panics_changes_nothing() {
    let mut lru = Lru::new(2);
    lru.insert(1, 1);
    lru.insert(2, 2);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        lru.get_or_insert_with(3, || resume_unwind(Box::new(())));
    }));
    assert!(panic.is_err());
    assert!(lru.iter().map(|(&k, _)| k).eq([2, 1]));
}
