//! Models of the protocols under loom: each runs every interleaving and every outcome of weak memory that loom knows,
//! up to a bound on preemptions.
//!
//! ```text
//! RUSTFLAGS="--cfg bedplate_loom" cargo test --release --no-default-features --features "channel batch pool io" --test loom
//! ```
#![cfg(bedplate_loom)]

#[cfg(feature = "batch")]
mod batch;
#[cfg(feature = "batch")]
mod batch_coalescer;
#[cfg(feature = "queue")]
mod bounded;
#[cfg(feature = "queue")]
mod broadcast;
#[cfg(feature = "channel")]
mod channel;
#[cfg(feature = "sync")]
mod event_count;
#[cfg(feature = "io")]
mod log;
#[cfg(feature = "queue")]
mod mpsc;
#[cfg(feature = "queue")]
mod overwriting;
#[cfg(feature = "pool")]
mod pool;
#[cfg(feature = "queue")]
mod segmented;
#[cfg(feature = "queue")]
mod spmc;
#[cfg(feature = "queue")]
mod spsc;
#[cfg(feature = "stats")]
mod stats;

/// Explores `f` with at most `preemptions` switches away from a thread that could have gone on. Bugs of two or three
/// threads show with two; unbounded runs do not end in reasonable time.
fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}
