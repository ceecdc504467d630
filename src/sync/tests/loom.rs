//! A model under loom of what [`Sharded`](crate::sync::Sharded) rests on. It runs with
//!
//! ```text
//! RUSTFLAGS="--cfg bedplate_loom" cargo test --release --no-default-features --features cache --lib tests::loom
//! ```

use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::primitive::{Arc, Mutex, thread};
use crate::sync::Writers;

/// Threads hand a slot on under a mutex, as `thread_slot` does, which under loom does not. Who holds it adds without a
/// read-modify-write.
#[test]
fn a_cell_goes_from_thread_to_thread_and_loses_nothing() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let cell = Arc::new(AtomicU64::new(0));
        let free = Arc::new(Mutex::new(true));
        let adder = || {
            let (cell, free) = (Arc::clone(&cell), Arc::clone(&free));
            thread::spawn(move || {
                let held = std::mem::take(&mut *free.lock());
                if held {
                    Writers::One.add(&cell, 1, Ordering::Relaxed);
                    Writers::One.add(&cell, 1, Ordering::Relaxed);
                    *free.lock() = true;
                }
                2 * u64::from(held)
            })
        };
        let adders = [adder(), adder()];
        // Comes last, because loom does not see that a store depends on a load before it where the storing thread has loaded
        // in between.
        let reader = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || cell.load(Ordering::Relaxed))
        };
        let added: u64 = adders.into_iter().map(|thread| thread.join().unwrap()).sum();
        let seen = reader.join().unwrap();
        let whole = cell.load(Ordering::Relaxed);
        assert!(seen <= whole && added >= 2);
        assert_eq!(whole, added);
    });
}
