//! More threads than CPUs: all on one.

use bedplate::channel::{self, Wait};
use bedplate::topo::{CpuSet, Topology, pin_current};
use std::thread;
use std::time::{Duration, Instant};

/// Eight threads of one CPU, in a channel that is full or empty all the time. Where each wait spun for its time slice
/// of some milliseconds, this took minutes.
#[test]
fn eight_threads_of_one_cpu_get_on() {
    const ITEMS: u32 = 5_000;
    let cpu = Topology::detect().unwrap().allowed().iter().next().unwrap();
    let begin = Instant::now();
    for wait in [Wait::Spin, Wait::SpinThenPark, Wait::Park] {
        let (tx, rx) = channel::builder(2).wait(wait).build();
        let received: usize = thread::scope(|s| {
            for _ in 0..4 {
                let tx = tx.clone();
                s.spawn(move || {
                    let _pinned = pin_current(&CpuSet::single(cpu)).unwrap();
                    (0..ITEMS).for_each(|n| tx.send(n).unwrap());
                });
            }
            drop(tx);
            let receivers: Vec<_> = (0..4)
                .map(|_| {
                    let rx = rx.clone();
                    s.spawn(move || {
                        let _pinned = pin_current(&CpuSet::single(cpu)).unwrap();
                        rx.iter().count()
                    })
                })
                .collect();
            receivers.into_iter().map(|r| r.join().unwrap()).sum()
        });
        assert_eq!(received, 4 * ITEMS as usize, "{wait:?}");
    }
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}
