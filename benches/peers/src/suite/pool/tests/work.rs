use crate::suite::pool::object::{Object, Page};
use crate::suite::pool::pools::{BedplatePool, NexusPool, ObjectPool, StrictPool};
use crate::suite::pool::work::{bursts, cross_thread, lives, lives_inside, tight, turns, turns_alone, turns_apart};
use std::panic;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One measurement at a time: what the objects had is counted in a static.
fn measuring() -> MutexGuard<'static, ()> {
    static MEASURING: Mutex<()> = Mutex::new(());
    MEASURING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps nothing.
struct Forgetful;

impl ObjectPool for Forgetful {
    const NAME: &'static str = "forgetful";
    type Object = Page;
    type Guard<'a> = Box<Page>;

    fn new(_: usize) -> Self {
        Self
    }

    fn acquire(&self) -> Box<Page> {
        Box::default()
    }
}

impl StrictPool for Forgetful {
    fn strict(_: usize) -> Self {
        Self
    }

    fn try_acquire(&self) -> Option<Box<Page>> {
        Some(Box::default())
    }
}

#[test]
fn each_work_counts_its_turns() {
    let _one = measuring();
    for ops in [1, 3, 1000] {
        turns::<BedplatePool<Page>>(2, ops);
        turns_alone::<NexusPool<Page>>(ops);
        turns_apart::<BedplatePool<Page>>(2, ops);
        bursts::<NexusPool<Page>>(ops);
        cross_thread::<NexusPool<Page>>(ops);
        tight::<BedplatePool<Page>>(ops);
        lives_inside::<BedplatePool<Page>>(ops);
    }
    lives::<BedplatePool<Page>>(5);
}

#[test]
fn a_pool_that_does_not_reuse_is_noticed() {
    let _one = measuring();
    assert!(panic::catch_unwind(|| turns_alone::<Forgetful>(513)).is_err());
    assert!(panic::catch_unwind(|| tight::<Forgetful>(1)).is_err());
}

#[test]
fn an_object_with_two_users_is_noticed() {
    let _one = measuring();
    let mut object = Page::default();
    object.turn();
    drop(object);
    // Two turns, of which one was lost.
    assert!(panic::catch_unwind(|| Page::verify("pool", 2, 1)).is_err());
    Page::verify("pool", 0, 0);
}
