//! What an entry costs in memory.

use super::store::Store;
use super::{Moka, Ours, Quick, value_of};
use crate::harness::{Bench, Better, Spec, allocated};

/// The capacity of each cache.
const ENTRIES: u64 = 1_000_000;

/// One key in this many is looked up for the check.
const SAMPLE: usize = 16;

/// Measures the rows.
pub fn run(bench: &mut Bench) {
    let detail = "bytes allocated and not freed by a cache of u64 to u64 made for 1 000 000 entries and given as many, keys \
                  in turn, divided by the entries it then holds; sizes as asked of the allocator; default policies; \
                  verified: the value of every 16th key, and that 95 % of the capacity is held";
    row(bench, "bytes entry", detail, ENTRIES);
    let detail = "as bytes entry, but given 2 000 000 entries, so that what is remembered of those evicted is in it";
    row(bench, "bytes entry churned", detail, 2 * ENTRIES);
}

fn row(bench: &mut Bench, row: &str, detail: &str, inserts: u64) {
    bench.run(
        Spec::new(row, detail)
            .unit("bytes", Better::Lower)
            .once()
            .figure("bedplate", move || bytes::<Ours>(inserts))
            .figure("quick_cache", move || bytes::<Quick>(inserts))
            .figure("moka", move || bytes::<Moka>(inserts)),
    );
}

fn bytes<S: Store>(inserts: u64) -> f64 {
    let (cache, bytes) = allocated(|| {
        let cache = S::with_capacity(ENTRIES as usize);
        (0..inserts).for_each(|key| cache.insert(key, value_of(key)));
        cache.settle();
        cache
    });
    let held = cache.len();
    // A peer may round its shards up.
    let expected = ENTRIES as usize * 95 / 100..=ENTRIES as usize * 105 / 100;
    assert!(expected.contains(&held), "{held} entries of {ENTRIES} are held");
    let sample = (0..inserts).step_by(SAMPLE).filter_map(|key| cache.get(key).map(|value| (key, value)));
    let found = sample.inspect(|&(key, value)| assert_eq!(value, value_of(key), "a key has its own value")).count();
    assert!(found > held / SAMPLE * 9 / 10, "{found} of {held} entries are found among one key in {SAMPLE}");
    bytes as f64 / held as f64
}
