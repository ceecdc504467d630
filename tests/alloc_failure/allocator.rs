//! The allocator refuses: what is idle still goes round, what would have to be made is an error, and nothing is lost.

use bedplate::pool::{AcquireError, ArenaPool, BlockPool, ObjectPool};

use crate::refusing::refusing_after;

/// A pool of objects whose creation reports a refusal too.
fn buffers() -> ObjectPool<Vec<u8>> {
    let create = || {
        let mut buffer = Vec::new();
        // A boxed unit struct has no size, so reporting allocates nothing.
        buffer.try_reserve_exact(100).map_err(|_| std::fmt::Error)?;
        Ok(buffer)
    };
    ObjectPool::try_builder(create).max(4).build()
}

#[test]
fn what_is_idle_goes_round_without_an_allocation() {
    let objects = buffers();
    objects.warm(2).unwrap();
    let blocks = BlockPool::builder().max_blocks(2).build().unwrap();
    let arenas = ArenaPool::builder().build();
    drop(arenas.acquire().unwrap());
    let ((), refused) = refusing_after(0, || {
        for _ in 0..3 {
            drop((objects.try_acquire().unwrap(), objects.try_acquire_owned().unwrap(), objects.acquire().is_err()));
            drop((blocks.try_acquire().unwrap(), blocks.acquire().unwrap()));
            drop(arenas.acquire().unwrap());
        }
    });
    // Only the third object, which would have to be made each time.
    assert_eq!(refused, 3);
    assert_eq!(objects.stats().live, 2);
}

/// More of them than a magazine holds, by the thread that took them and by another, so that some go to the depot.
#[test]
fn giving_back_allocates_nothing() {
    let pool = ObjectPool::builder(|| 0).max(200).build();
    for by_another in [false, true] {
        let all: Vec<_> = (0..200).map(|_| pool.acquire_owned().unwrap()).collect();
        let give_back = || refusing_after(0, || drop(all)).1;
        let refused = if by_another {
            std::thread::scope(|s| {
                s.spawn(|| {
                    // What the crate keeps for each thread is made at a thread's first use of anything.
                    drop(ObjectPool::builder(|| 0).build().acquire().unwrap());
                    give_back()
                })
                .join()
                .unwrap()
            })
        } else {
            give_back()
        };
        assert_eq!(refused, 0);
        assert_eq!(pool.stats().idle, 200);
    }
}

/// One that is found in the magazine of another thread.
#[test]
fn what_is_fetched_is_fetched_without_an_allocation() {
    let pool = ObjectPool::builder(|| 0).max(4).build();
    drop((0..4).map(|_| pool.acquire().unwrap()).collect::<Vec<_>>());
    std::thread::scope(|s| {
        s.spawn(|| {
            drop(ObjectPool::builder(|| 0).build().acquire().unwrap());
            let (found, refused) = refusing_after(0, || pool.try_acquire().is_ok() && pool.acquire().is_ok());
            assert!(found);
            assert_eq!(refused, 0);
        });
    });
    assert_eq!(pool.stats().created, 4);
}

#[test]
fn each_allocation_of_a_creation_may_be_refused_and_no_place_is_lost() {
    let mut allocations = 0;
    loop {
        let pool = buffers();
        let (result, refused) = refusing_after(allocations, || pool.try_acquire().map(|b| b.capacity()));
        match result {
            Ok(capacity) => {
                assert_eq!((capacity, refused), (100, 0));
                break;
            }
            Err(error) => {
                assert!(matches!(error, AcquireError::Create(_)), "{error}");
                assert_eq!(refused, 1);
            }
        }
        assert_eq!((pool.stats().live, pool.stats().created, pool.stats().acquired), (0, 0, 0));
        let all: Vec<_> = (0..4).map(|_| pool.try_acquire().unwrap()).collect();
        assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
        drop(all);
        allocations += 1;
    }
    assert!(allocations >= 3, "the list, the slot and the object: {allocations}");
}

#[test]
fn warming_keeps_what_was_made_before_the_refusal() {
    let pool = buffers();
    pool.warm(1).unwrap();
    let (result, _) = refusing_after(2, || pool.warm(4));
    assert!(matches!(result, Err(AcquireError::Create(_))));
    assert_eq!((pool.stats().live, pool.stats().idle), (2, 2));
    assert_eq!(pool.warm(4).unwrap(), 2);
}

#[test]
fn an_arena_reports_the_refusal_of_a_chunk_and_comes_back_whole() {
    let pool = ArenaPool::builder().max(1).build();
    let arena = pool.acquire().unwrap();
    let (result, refused) = refusing_after(0, || arena.try_alloc([0u8; 100]).is_err());
    assert!(result && refused > 0);
    arena.try_alloc([0u8; 100]).unwrap();
    drop(arena);
    assert_eq!(pool.stats().idle, 1);
}
