//! What a batcher costs that has nothing to do. A process of its own with one test, because CPU time is the process's.
#![cfg(all(feature = "batch", target_os = "linux"))]

use bedplate::batch::Batcher;
use rustix::time::{ClockId, clock_gettime};
use std::mem;
use std::thread;
use std::time::Duration;

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap()
}

#[test]
fn batchers_that_have_nothing_to_do_take_no_cpu_time() {
    let linger = Duration::from_millis(1);
    let batchers: Vec<_> = (0..8)
        .map(|_| Batcher::builder().linger(linger).spawn("idle", |batch: &mut Vec<u64>| batch.clear()).unwrap())
        .collect();
    let adaptive =
        Batcher::builder().adaptive_linger(linger).spawn("idle", |batch: &mut Vec<u64>| batch.clear()).unwrap();
    for batcher in batchers.iter().chain([&adaptive]) {
        // Awake once, by each kind of push, and with a producer that stays and one that was leaked.
        let mut producer = batcher.producer();
        batcher.push(1).unwrap();
        producer.push(2).unwrap();
        batcher.flush().unwrap();
        producer.push(3).unwrap();
        producer.flush().unwrap();
        mem::forget(producer);
    }
    // What there was to do is done, and each thread is asleep by the time this one has slept as well.
    thread::sleep(Duration::from_millis(100));
    let before = cpu_time();
    thread::sleep(Duration::from_secs(2));
    let taken = cpu_time() - before;
    println!("{taken:?} of CPU time in 2 s");
    assert!(taken < Duration::from_millis(1), "{taken:?}");
    drop((batchers, adaptive));
}
