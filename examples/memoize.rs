//! Functions that remember: one that calls itself, one whose answers hold for a while, one that may fail and is then
//! asked again. What their tables have seen is printed. The clock is moved by hand, so nothing here waits.

#![deny(missing_docs, unused)]

use std::io;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use bedplate::cache::{CacheInfo, Memo, memoize};
use bedplate::time::Manual;

memoize! {
    max_size = 4_096;

    /// The fewest insertions, deletions and replacements that make `b[..to]` of `a[..from]`.
    pub fn edits(a: &'static str, b: &'static str, from: usize, to: usize) -> usize {
        if from == 0 || to == 0 {
            return from.max(to);
        }
        let differs = a.as_bytes()[from - 1] != b.as_bytes()[to - 1];
        let replaced = edits(a, b, from - 1, to - 1) + usize::from(differs);
        replaced.min(edits(a, b, from - 1, to) + 1).min(edits(a, b, from, to - 1) + 1)
    }
}

/// In production `clock` is left out below.
static TIME: LazyLock<Manual> = LazyLock::new(Manual::new);

memoize! {
    max_size = 128, ttl = 60 s, clock = TIME.clone();

    /// What a name stands for, as some service says.
    pub fn address(name: String) -> u32 {
        name.len() as u32
    }

    /// The size of a file; that there is none is not remembered.
    pub try fn length(path: String) -> io::Result<u64> {
        Ok(std::fs::metadata(path)?.len())
    }
}

/// Where a static is not wanted, a table is a value, and may be asked by a borrowed key.
struct Dictionary {
    lengths: Memo<String, usize>,
}

impl Dictionary {
    fn length(&self, word: &str) -> usize {
        self.lengths.get(word, || word.chars().count())
    }
}

fn main() {
    // 27 x 24 different questions, asked 10^18 times without a table.
    let (a, b) = ("the quick brown fox jumped", "a quick brown fog jumps");
    let start = Instant::now();
    assert_eq!(edits(a, b, a.len(), b.len()), 6);
    report("edits", edits::cache_info());
    println!("{:>10} in {:?}", "", start.elapsed());
    assert_eq!(edits::cache_info().misses, 27 * 24);

    // Eight threads ask at the same time: one computes.
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| assert_eq!(address("example.org".to_owned()), 11));
        }
    });
    assert_eq!(address::memo().cache().stats().loads, 1);
    // After a minute it is computed again.
    TIME.advance(Duration::from_secs(60));
    assert_eq!(address("example.org".to_owned()), 11);
    assert_eq!(address::memo().cache().stats().loads, 2);
    report("address", address::cache_info());

    for _ in 0..3 {
        assert!(length("/no/such/file".to_owned()).is_err());
    }
    assert_eq!((length::cache_info().misses, length::cache_info().current_size), (3, 0));
    report("length", length::cache_info());

    let dictionary = Dictionary { lengths: Memo::with_ttl(1_000, Duration::from_secs(60)) };
    assert_eq!((dictionary.length("façade"), dictionary.length("façade")), (6, 6));
    report("dictionary", dictionary.lengths.cache_info());

    address::cache_clear();
    assert_eq!(address::cache_info().current_size, 0);
}

fn report(name: &str, info: CacheInfo) {
    let CacheInfo { hits, misses, current_size, max_size, .. } = info;
    println!("{name:>10}: {hits} hits, {misses} misses, {current_size} of {max_size} held");
}
