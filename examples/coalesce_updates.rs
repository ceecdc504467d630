//! Four threads report signals to processes; a `Coalescer` delivers one report for each process and signal, with how many came.
//!
//! As in a kernel, a second signal of the same number to the same process says nothing new while the first one is pending; other than
//! there, none is forgotten: its count arrives. Plain data stands for the signals here. `signal_batches` takes real ones.
//!
//! ```text
//! cargo run --release --example coalesce_updates
//! ```

use bedplate::batch::Coalescer;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A process and a signal.
type Target = (u32, i32);

const THREADS: u32 = 4;
const EVENTS: u32 = 50_000;
const PIDS: u32 = 40;
const SIGNALS: [i32; 3] = [1, 10, 17];
/// What waking a process costs, however many signals it is told of.
const DELIVERY: Duration = Duration::from_micros(20);

fn main() -> io::Result<()> {
    let delivered = Arc::new(Mutex::new(BTreeMap::<Target, u64>::new()));
    let theirs = Arc::clone(&delivered);
    let signals = Coalescer::builder(|count: &mut u64, more| *count += more)
        .max_items(50)
        .linger(Duration::from_millis(1))
        .on_failed(|lost| eprintln!("{} processes were not told", lost.len()))
        .spawn("signals", move |batch: &mut Vec<(Target, u64)>| {
            let mut delivered = theirs.lock().unwrap();
            for (target, count) in batch.drain(..) {
                thread::sleep(DELIVERY);
                *delivered.entry(target).or_default() += count;
            }
        })?;

    thread::scope(|s| {
        for t in 0..THREADS {
            let signals = &signals;
            s.spawn(move || {
                for n in 0..EVENTS {
                    // A few processes get most of the signals.
                    let pid = (n * n + t) % PIDS;
                    let signal = SIGNALS[(n % 7 % 3) as usize];
                    signals.push((pid, signal), 1).expect("nobody closes it meanwhile");
                }
                // What this thread has sent is delivered when this returns, merged or not.
                signals.flush().expect("nobody closes it meanwhile");
            });
        }
    });

    let report = signals.close();
    let stats = signals.stats();
    let delivered = delivered.lock().unwrap();
    let total: u64 = delivered.values().sum();
    assert_eq!(total, u64::from(THREADS * EVENTS), "no signal is lost");
    assert_eq!((stats.pushed, stats.failed), (total, 0));
    assert_eq!(stats.merged + report.handled, total);
    println!(
        "{total} signals to {} targets: {} deliveries in {} batches, {} merged",
        delivered.len(),
        report.handled,
        stats.batches,
        stats.merged,
    );
    Ok(())
}
