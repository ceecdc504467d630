//! What a push costs whose value is merged by its key.

use crate::harness::{Bench, Better, Spec, on_cpu, share, together};
use bedplate::batch::Coalescer;
use crossbeam::channel::{self, Sender};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::Zipf;
use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const MAX_KEYS: usize = 256;
const LINGER: Duration = Duration::from_millis(1);
const CAPACITY: usize = 4096;
const KEYS: f64 = 10_000.0;
/// A power of two, so that to go round is one instruction.
const DRAWN: usize = 1 << 18;

type Map = HashMap<u64, u64, RandomState>;
/// The sum of the values handled, and how many pairs they came in.
type Handled = Arc<[AtomicU64; 2]>;

/// Measures these rows.
pub fn run(bench: &mut Bench) {
    let mut rng = StdRng::seed_from_u64(5);
    let zipf = Zipf::new(KEYS, 0.99).expect("an exponent over 0");
    let keys: Vec<u64> = (0..DRAWN).map(|_| rng.sample(zipf) as u64).collect();
    for producers in [1, 2] {
        let keys = &keys;
        let detail = "push a u64 for a u64 key, drawn beforehand from zipf 0.99 over 10,000, to be added to what waits for it; batches \
                      of up to 256 keys or 1 ms, at most 4096 pending, handler sums on a thread of its own; the Mutex is \
                      emptied each ms and has no bound; the channel's thread merges, up to 256 keys; verified: sum handled";
        bench.run(
            Spec::new(format!("coalesce {producers}p"), detail)
                .threads(producers + 1)
                .unit("ns/push", Better::Lower)
                .timed("bedplate", move |ops| produce::<Ours>(producers, keys, ops))
                .timed("crossbeam-channel + HashMap", move |ops| produce::<Channel>(producers, keys, ops))
                .timed("Mutex<HashMap>", move |ops| produce::<Locked>(producers, keys, ops)),
        );
    }
}

/// Gathers by key, on a thread of its own.
trait Coalesce: Sync + Sized {
    /// Starts the thread, on the CPU of the caller.
    fn start(handled: Handled) -> Self;

    fn push(&self, key: u64, value: u64);

    /// Waits until everything is handled and the thread has ended.
    fn finish(self);
}

/// The producers push `ops` values between them, and all are handled.
fn produce<C: Coalesce + Send>(producers: usize, keys: &[u64], ops: u64) -> Duration {
    let handled = Handled::default();
    let coalesce = on_cpu(producers, || C::start(Arc::clone(&handled)));
    let (mut elapsed, _) = together(producers, |index| {
        let own = share(ops, producers as u64, index as u64);
        own.for_each(|n| coalesce.push(keys[n as usize % DRAWN], 1));
        0
    });
    let drained = Instant::now();
    coalesce.finish();
    elapsed += drained.elapsed();
    // Relaxed: the thread of the handler has ended, which orders the memory.
    assert_eq!(handled[0].load(Ordering::Relaxed), ops, "each value is handled once");
    elapsed
}

fn handle(handled: &Handled, pairs: impl Iterator<Item = (u64, u64)>) {
    let (sum, count) = pairs.fold((0, 0), |(sum, count), (_, value)| (sum + value, count + 1));
    handled[0].fetch_add(sum, Ordering::Relaxed);
    handled[1].fetch_add(count, Ordering::Relaxed);
}

struct Ours(Coalescer<u64, u64>);

impl Coalesce for Ours {
    fn start(handled: Handled) -> Self {
        let builder = Coalescer::builder(|sum: &mut u64, value| *sum += value);
        let builder = builder.max_items(MAX_KEYS).linger(LINGER).capacity(CAPACITY);
        let coalescer = builder.spawn("peers-coalescer", move |batch| handle(&handled, batch.drain(..)));
        Self(coalescer.expect("a thread"))
    }

    #[inline]
    fn push(&self, key: u64, value: u64) {
        self.0.push(key, value).expect("the coalescer is open");
    }

    fn finish(self) {
        assert_eq!(self.0.close().failed, 0, "everything is handled");
    }
}

/// The thread receives until as many keys have come as make a batch, or the linger is over.
struct Channel {
    sender: Sender<(u64, u64)>,
    thread: JoinHandle<()>,
}

impl Coalesce for Channel {
    fn start(handled: Handled) -> Self {
        let (sender, receiver) = channel::bounded(CAPACITY);
        let thread = thread::spawn(move || {
            let mut map = Map::default();
            while let Ok((key, value)) = receiver.recv() {
                map.insert(key, value);
                let deadline = Instant::now() + LINGER;
                while map.len() < MAX_KEYS {
                    let Ok((key, value)) = receiver.recv_deadline(deadline) else { break };
                    *map.entry(key).or_default() += value;
                }
                handle(&handled, map.drain());
            }
        });
        Self { sender, thread }
    }

    #[inline]
    fn push(&self, key: u64, value: u64) {
        self.sender.send((key, value)).expect("the consumer is there");
    }

    fn finish(self) {
        drop(self.sender);
        self.thread.join().expect("the handler does not panic");
    }
}

/// The thread looks each linger, whether something came or not.
struct Locked {
    map: Arc<Mutex<Map>>,
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Coalesce for Locked {
    fn start(handled: Handled) -> Self {
        let (map, ended) = (Arc::<Mutex<Map>>::default(), Arc::<AtomicBool>::default());
        let (theirs, is_ended) = (Arc::clone(&map), Arc::clone(&ended));
        let thread = thread::spawn(move || {
            let mut spare = Map::default();
            let mut last = false;
            while !mem::replace(&mut last, is_ended.load(Ordering::Acquire)) {
                mem::swap(&mut spare, &mut *theirs.lock());
                handle(&handled, spare.drain());
                if !last {
                    thread::park_timeout(LINGER);
                }
            }
        });
        Self { map, ended, thread }
    }

    #[inline]
    fn push(&self, key: u64, value: u64) {
        *self.map.lock().entry(key).or_default() += value;
    }

    fn finish(self) {
        // Release pairs with the Acquire in the thread: it looks once more after this.
        self.ended.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread.join().expect("the handler does not panic");
    }
}
