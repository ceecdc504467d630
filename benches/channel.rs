//! One thread, a channel of 1,024 items, u64 items, nobody waiting: what a channel costs on top of its queue. And round
//! trips between two threads, by the way they wait. Rows of two and more pinned threads are in `benches/peers`.
//!
//! ```text
//! cargo bench --bench channel
//! ```

use std::hint::black_box;

use bedplate::channel::{self, Receiver, Sender, Wait};
use bedplate::queue::{Pop, Push};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const CAPACITY: usize = 1_024;
const BATCH: usize = 32;

fn pair_row<P: Push<u64>, C: Pop<u64>>(c: &mut Criterion, name: &str, (tx, rx): (Sender<u64, P>, Receiver<u64, C>)) {
    let mut group = c.benchmark_group("pair 1t");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |b| {
        b.iter(|| {
            assert!(tx.send(black_box(7)).is_ok());
            assert_eq!(rx.recv(), Ok(7));
        });
    });
    group.finish();
}

fn pair(c: &mut Criterion) {
    pair_row(c, "bounded", channel::bounded(CAPACITY));
    pair_row(c, "segmented", channel::segmented(CAPACITY));
    pair_row(c, "spsc", channel::spsc(CAPACITY));
}

fn batch_row<P: Push<u64>, C: Pop<u64>>(c: &mut Criterion, name: &str, (tx, rx): (Sender<u64, P>, Receiver<u64, C>)) {
    let mut group = c.benchmark_group("batch32 1t");
    group.throughput(Throughput::Elements(BATCH as u64));
    let mut items: Vec<u64> = (0..BATCH as u64).collect();
    group.bench_function(name, |b| {
        b.iter(|| {
            assert!(tx.send_all(black_box(&mut items)).is_ok());
            assert_eq!(rx.recv_many(&mut items, BATCH), Ok(BATCH));
        });
    });
    assert!(items.into_iter().eq(0..BATCH as u64));
    group.finish();
}

fn batch(c: &mut Criterion) {
    batch_row(c, "bounded", channel::bounded(CAPACITY));
    batch_row(c, "segmented", channel::segmented(CAPACITY));
    batch_row(c, "spsc", channel::spsc(CAPACITY));
}

/// There and back between two threads, which the system places: the price of being waited for.
fn round_trip(c: &mut Criterion) {
    let mut group = c.benchmark_group("round trip");
    for (name, wait) in [("spin", Wait::Spin), ("spin then park", Wait::SpinThenPark), ("park", Wait::Park)] {
        let (there, inbox) = channel::builder(1).wait(wait).build::<u64>();
        let (back, answers) = channel::builder(1).wait(wait).build::<u64>();
        let echo = std::thread::spawn(move || inbox.iter().try_for_each(|n| back.send(n)));
        group.bench_function(name, |b| {
            b.iter(|| {
                there.send(black_box(7)).unwrap();
                assert_eq!(answers.recv(), Ok(7));
            });
        });
        drop(there);
        echo.join().unwrap().unwrap();
    }
    group.finish();
}

criterion_group!(benches, pair, batch, round_trip);
criterion_main!(benches);
