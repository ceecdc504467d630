use crate::sync::thread_slot;
use std::sync::Barrier;
use std::thread;

#[test]
fn living_threads_hold_different_slots() {
    let barrier = Barrier::new(8);
    let mut slots: Vec<_> = thread::scope(|s| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                s.spawn(|| {
                    let slot = thread_slot().unwrap();
                    barrier.wait();
                    assert_eq!(thread_slot(), Some(slot));
                    slot
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), 8);
}

#[test]
fn a_dead_thread_gives_its_slot_back() {
    // Other tests of this process take slots at the same time, so only the bound can be told.
    let highest = (0..1_000).map(|_| thread::spawn(|| thread_slot().unwrap()).join().unwrap()).max().unwrap();
    assert!(highest < 500, "1,000 threads, one after the other, reached slot {highest}");
}
