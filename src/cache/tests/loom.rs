//! Models of the shards' locks under loom: exclusion, the edges of the orderings, and that who sleeps is woken.
//!
//! ```text
//! RUSTFLAGS="--cfg bedplate_loom" cargo test --release --no-default-features --features cache --lib cache::tests::loom
//! ```

use loom::sync::Arc;
use loom::thread;

use crate::cache::locks::Locks;

/// What a shard holds: loom sees a write beside any other access, and a read that misses a write shows in the number.
type Number = u64;

/// Explores `f` with at most `preemptions` switches away from a thread that could have gone on.
fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

fn locks(shards: usize, slots: usize) -> Arc<Locks<Number>> {
    Arc::new(Locks::new((0..shards).map(|_| 0), slots))
}

/// Reads, as the cache does: as a writer where there is no slot.
fn read(locks: &Locks<Number>, thread: usize, shard: usize) -> Number {
    let number = locks.read(thread, shard, |number, slot| {
        slot.count(true);
        *number
    });
    number.unwrap_or_else(|| locks.write(shard, |number| *number))
}

fn add(locks: &Locks<Number>, shard: usize) {
    locks.write(shard, |number| *number += 1);
}

fn spawn(locks: &Arc<Locks<Number>>, f: impl FnOnce(&Locks<Number>) + 'static) -> thread::JoinHandle<()> {
    let locks = Arc::clone(locks);
    thread::spawn(move || f(&locks))
}

fn join<const N: usize>(threads: [thread::JoinHandle<()>; N]) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Slots by which threads went in, all together.
fn counted(locks: &Locks<Number>) -> u64 {
    locks.slots().map(|slot| slot.counts().0).sum()
}

#[test]
fn a_reader_and_a_writer() {
    model(3, || {
        let locks = locks(1, 1);
        let reader = spawn(&locks, |locks| {
            let first = read(locks, 0, 0);
            assert!(read(locks, 0, 0) >= first);
        });
        add(&locks, 0);
        assert_eq!(read(&locks, 0, 0), 1);
        join([reader]);
    });
}

#[test]
fn a_reader_that_comes_back_and_a_writer() {
    model(3, || {
        let locks = locks(1, 2);
        // Its slot is known by the second visit, which then takes the shorter path.
        let reader = spawn(&locks, |locks| (0..2).for_each(|_| _ = read(locks, 1, 0)));
        add(&locks, 0);
        add(&locks, 0);
        join([reader]);
        assert_eq!(read(&locks, 0, 0), 2);
    });
}

#[test]
fn readers_of_two_slots_and_a_writer() {
    model(2, || {
        let locks = locks(1, 2);
        let readers = [0, 1].map(|slot| spawn(&locks, move |locks| _ = read(locks, slot, 0)));
        add(&locks, 0);
        join(readers);
        assert_eq!((read(&locks, 0, 0), counted(&locks)), (1, 3), "there was a slot for each");
    });
}

#[test]
fn a_slot_that_another_thread_has_brought_into_use() {
    model(3, || {
        let locks = locks(1, 2);
        // The writer may read the number of slots in use from before both came, or from between.
        let readers = [1, 0].map(|slot| spawn(&locks, move |locks| _ = read(locks, slot, 0)));
        let writer = spawn(&locks, |locks| add(locks, 0));
        join(readers);
        join([writer]);
    });
}

#[test]
fn readers_that_share_a_slot_and_a_writer() {
    model(2, || {
        let locks = locks(1, 1);
        // The one that finds the slot taken goes in as a writer.
        let readers = [0, 1].map(|slot| spawn(&locks, move |locks| _ = read(locks, slot, 0)));
        add(&locks, 0);
        join(readers);
        assert_eq!(read(&locks, 0, 0), 1);
    });
}

#[test]
fn counts_go_with_the_slot() {
    model(3, || {
        let locks = locks(2, 1);
        let in_slot = |locks: &Locks<Number>, shard| {
            let entered = locks.read(0, shard, |_, slot| slot.count(true));
            u64::from(entered.is_some())
        };
        let other = {
            let locks = Arc::clone(&locks);
            thread::spawn(move || in_slot(&locks, 1))
        };
        let mine = in_slot(&locks, 0) + in_slot(&locks, 0);
        let theirs = other.join().unwrap();
        assert_eq!(counted(&locks), mine + theirs, "who is in the slot counts alone");
    });
}

#[test]
fn writers_come_one_after_the_other() {
    model(3, || {
        let locks = locks(1, 1);
        let writer = spawn(&locks, |locks| add(locks, 0));
        add(&locks, 0);
        join([writer]);
        assert_eq!(read(&locks, 0, 0), 2);
    });
}

/// A thread that finds a writer sleeps at once here; one that nobody wakes is a deadlock, which loom reports.
#[test]
fn each_of_three_writers_is_woken() {
    model(2, || {
        let locks = locks(1, 1);
        let writers = [0, 1].map(|_| spawn(&locks, |locks| add(locks, 0)));
        add(&locks, 0);
        join(writers);
        assert_eq!(read(&locks, 0, 0), 3);
    });
}

/// All shards' sleepers are woken together, and those whose writer is still in sleep again.
#[test]
fn sleepers_of_two_shards() {
    model(2, || {
        let locks = locks(2, 2);
        let reader = spawn(&locks, |locks| _ = read(locks, 1, 0));
        let writers = [0, 1].map(|shard| spawn(&locks, move |locks| add(locks, shard)));
        add(&locks, 0);
        join([reader]);
        join(writers);
        assert_eq!((read(&locks, 0, 0), read(&locks, 0, 1)), (2, 1));
    });
}
