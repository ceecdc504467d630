//! Which acquisitions are noted, and for how long.

use std::num::NonZeroU32;
use std::time::Duration;

use bedplate::pool::{ObjectPool, ObjectPoolBuilder, OwnedPooled, Recycle};
use bedplate::time::{Clock, Manual};

fn builder(every: u32) -> ObjectPoolBuilder<u8> {
    ObjectPool::builder(|| 0).max(100).sample_leaks(NonZeroU32::new(every).unwrap())
}

#[test]
fn one_in_so_many_is_noted_while_it_is_out() {
    let pool = builder(3).build();
    let mut guards: Vec<_> = (0..9).map(|_| pool.acquire().unwrap()).collect();
    assert_eq!(pool.leak_sites().len(), 3);
    guards.truncate(6);
    assert_eq!(pool.leak_sites().len(), 2);
    guards.clear();
    assert!(pool.leak_sites().is_empty());
}

#[test]
fn each_way_out_is_noted_and_each_way_back_ends_it() {
    let pool = builder(1).recycle(|n| if *n == 9 { Recycle::Discard } else { Recycle::Keep }).build();
    let noted = |n: usize| assert_eq!(pool.leak_sites().len(), n);
    let mut discarded = pool.try_acquire().unwrap();
    let owned = pool.acquire_owned().unwrap();
    let detached = pool.acquire_owned().unwrap();
    let mut many = Vec::new();
    pool.try_acquire_many(3, &mut many).unwrap();
    noted(6);
    *discarded = 9;
    drop(discarded);
    noted(5);
    drop(owned);
    noted(4);
    let _ = OwnedPooled::detach(detached);
    noted(3);
    pool.release_many(&mut many);
    noted(0);
    let plain = builder(1).build();
    let mut many = Vec::new();
    plain.try_acquire_many(3, &mut many).unwrap();
    assert_eq!(plain.leak_sites().len(), 3);
    plain.release_many(&mut many);
    assert!(plain.leak_sites().is_empty());
}

#[test]
fn the_longest_held_comes_first_and_tells_its_place() {
    #[inline(never)]
    fn forgetful(pool: &ObjectPool<u8>) {
        std::mem::forget(pool.acquire().unwrap());
    }
    let time = Manual::new();
    let pool = builder(1).clock(Clock::from(time.clone())).build();
    forgetful(&pool);
    time.advance(Duration::from_secs(5));
    let _held = pool.acquire().unwrap();
    time.advance(Duration::from_secs(1));
    let sites = pool.leak_sites();
    assert_eq!(sites.iter().map(|site| site.held.as_secs()).collect::<Vec<_>>(), [6, 1]);
    assert!(sites[0].backtrace.to_string().contains("forgetful"), "{}", sites[0].backtrace);
}

#[test]
fn a_pool_that_was_not_asked_notes_nothing() {
    let pool = ObjectPool::builder(|| 0).build();
    let _held = pool.acquire().unwrap();
    assert!(pool.leak_sites().is_empty());
}
