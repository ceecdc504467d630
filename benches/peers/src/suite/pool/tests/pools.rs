use crate::suite::pool::object::Small;
use crate::suite::pool::pools::*;
use std::collections::HashSet;
use std::ptr;
use std::sync::Arc;

/// Takes some at once, gives them back, and takes as many again.
fn lends_each_once<P: ObjectPool<Object = Vec<u64>>>() {
    let pool = P::new(64);
    let mut used = 0;
    for _ in 0..3 {
        let mut guards: Vec<_> = (0..40).map(|_| pool.acquire()).collect();
        let objects: HashSet<_> = guards.iter().map(|guard| ptr::from_ref(&**guard).addr()).collect();
        assert_eq!(objects.len(), 40, "{}", P::NAME);
        used += guards.iter().filter(|guard| guard.capacity() > 0).count();
        guards.iter_mut().for_each(|guard| guard.push(1));
        assert!(guards.iter().all(|guard| guard.len() == 1), "{}", P::NAME);
    }
    assert!(used >= 40, "{}: {used} of 80 had users before", P::NAME);
}

#[test]
fn no_object_has_two_users() {
    type T = Vec<u64>;
    lends_each_once::<BedplatePool<T>>();
    lends_each_once::<ArrayQueuePool<T>>();
    lends_each_once::<LinearPool<T>>();
    lends_each_once::<SpinPool<T>>();
    lends_each_once::<Opool<T>>();
    lends_each_once::<SlabPool<T>>();
    lends_each_once::<SlabSendPool<T>>();
    lends_each_once::<SharkPool<T>>();
    lends_each_once::<NexusPool<T>>();
    lends_each_once::<SharkLocalPool<T>>();
    lends_each_once::<NexusLocalPool<T>>();
    lends_each_once::<OpoolLocal<T>>();
    lends_each_once::<ThreadVec>();
    lends_each_once::<Owned<BedplatePool<T>>>();
    lends_each_once::<Owned<Arc<ArrayQueuePool<T>>>>();
    lends_each_once::<Owned<Arc<LinearPool<T>>>>();
    lends_each_once::<Owned<Arc<Opool<T>>>>();
    lends_each_once::<Owned<Arc<SlabPool<T>>>>();
}

fn keeps_its_bound<P: StrictPool<Object = Small>>() {
    let pool = P::strict(3);
    for _ in 0..3 {
        let guards = [(); 3].map(|()| pool.try_acquire());
        assert!(guards.iter().all(Option::is_some), "{}", P::NAME);
        assert!(pool.try_acquire().is_none(), "{}", P::NAME);
    }
}

#[test]
fn a_strict_pool_lends_no_more_than_it_has() {
    keeps_its_bound::<BedplatePool<Small>>();
    keeps_its_bound::<ArrayQueuePool<Small>>();
    keeps_its_bound::<LockedPool<Small>>();
    keeps_its_bound::<Opool<Small>>();
}
