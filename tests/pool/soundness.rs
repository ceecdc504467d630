//! Which of the types go to other threads, and which may be shared, by what they lend. What must not compile is told in the
//! documentation too, beside each type; here the compiler is asked for the bound itself.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::MutexGuard;

use bedplate::pool::{
    AcquireError, ArenaGuard, ArenaPool, ArenaPoolBuilder, ObjectPool, ObjectPoolBuilder, OwnedPooled, Pooled, Recycle,
    Stats,
};

/// May be sent, and not be shared.
type Alone = Cell<u8>;
/// Neither.
type Bound = Rc<u8>;
/// May be shared, and not be sent.
type Shared = MutexGuard<'static, u8>;

fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn outlives_all<T: 'static>() {}

/// Fails to compile where the type has the trait: then it could stand for either of two implementations.
macro_rules! is_not {
    ($trait:ident: $($type:ty),+ $(,)?) => {{
        trait Ambiguous<A> {
            fn is_not() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $trait> Ambiguous<u8> for T {}
        $(<$type as Ambiguous<_>>::is_not();)+
    }};
}

#[test]
fn the_compiler_knows_what_may_cross_threads() {
    // An object has one user at a time, so a pool may be shared where its objects may be sent.
    send::<ObjectPool<Alone>>();
    sync::<ObjectPool<Alone>>();
    is_not!(Send: ObjectPool<Bound>, ObjectPool<Shared>);
    is_not!(Sync: ObjectPool<Bound>, ObjectPool<Shared>);

    // A guard is as good as a `&mut` to its object.
    send::<Pooled<'static, Alone>>();
    send::<OwnedPooled<Alone>>();
    sync::<Pooled<'static, u8>>();
    sync::<OwnedPooled<u8>>();
    is_not!(Sync: Pooled<'static, Alone>, OwnedPooled<Alone>, Pooled<'static, Bound>, OwnedPooled<Bound>);
    is_not!(Send: Pooled<'static, Bound>, OwnedPooled<Bound>, Pooled<'static, Shared>, OwnedPooled<Shared>);
    outlives_all::<OwnedPooled<u8>>();

    send::<ArenaPool>();
    sync::<ArenaPool>();
    send::<ArenaGuard<'static>>();
    is_not!(Sync: ArenaGuard<'static>);

    // Builders own closures that may be sent and shared, whatever those make.
    send::<ObjectPoolBuilder<u8>>();
    sync::<ObjectPoolBuilder<u8>>();
    send::<ArenaPoolBuilder>();
    sync::<ArenaPoolBuilder>();

    send::<(AcquireError, Stats, Recycle)>();
    sync::<(AcquireError, Stats, Recycle)>();
}

/// A pool of objects that stay on one thread works there, and so do its owned guards.
#[test]
fn objects_of_one_thread_are_pooled_on_it() {
    let pool = ObjectPool::builder(|| Rc::new(Cell::new(0))).max(1).build();
    let mine = {
        let guard = pool.acquire().unwrap();
        guard.set(7);
        Rc::clone(&guard)
    };
    let again = pool.acquire_owned().unwrap();
    assert!(Rc::ptr_eq(&mine, &again) && again.get() == 7);
    drop(pool);
    assert_eq!(Rc::strong_count(&mine), 2);
    drop(again);
    assert_eq!(Rc::strong_count(&mine), 1);
}

/// Objects may borrow what outlives the pool.
#[test]
fn objects_with_a_lifetime_are_pooled_within_it() {
    fn no_words<'a>() -> Vec<&'a str> {
        Vec::new()
    }
    let text = String::from("a b c");
    let pool: ObjectPool<Vec<&str>> = ObjectPool::builder(no_words).max(1).build();
    pool.acquire().unwrap().extend(text.split(' '));
    assert_eq!(pool.acquire().unwrap().len(), 3);
}
