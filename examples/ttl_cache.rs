//! A resolver that remembers answers for as long as each may be remembered, asks once for a name however many want it at
//! the same time, and tells a failure apart from an answer. The clock is moved by hand, so nothing here waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bedplate::cache::{Cache, LoadError};
use bedplate::time::Manual;

#[derive(Debug, PartialEq)]
struct Unreachable;

/// Stands for a service that costs something to ask.
#[derive(Default)]
struct Upstream {
    asked: AtomicU64,
}

impl Upstream {
    fn address(&self, name: &str) -> Result<u32, Unreachable> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if name.ends_with(".invalid") { Err(Unreachable) } else { Ok(name.len() as u32) }
    }
}

fn main() {
    const MINUTE: Duration = Duration::from_secs(60);
    let time = Manual::new();
    let upstream = Upstream::default();
    // In production the clock is left out: the default reads in about 4 ns.
    let cache: Cache<String, u32> = Cache::builder(10_000).ttl(MINUTE).clock(time.clone()).build();
    let resolve = |name: &str| cache.get_or_try_insert_ref(name, || upstream.address(name));

    // Eight threads want one name: one asks, the others get its answer.
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| assert_eq!(resolve("example.org"), Ok(11)));
        }
    });
    assert_eq!(upstream.asked.load(Ordering::Relaxed), 1);

    // A failure goes to who asked, and is asked again.
    assert_eq!(resolve("nowhere.invalid"), Err(LoadError::Failed(Unreachable)));
    assert_eq!(resolve("nowhere.invalid"), Err(LoadError::Failed(Unreachable)));
    assert_eq!(upstream.asked.load(Ordering::Relaxed), 3);

    // An answer that came with a time of its own.
    cache.insert_with_ttl("static.example.org".to_owned(), 7, 60 * MINUTE);

    time.advance(MINUTE);
    assert_eq!(cache.get("example.org"), None, "its minute is over");
    assert_eq!(resolve("example.org"), Ok(11));
    assert_eq!(resolve("static.example.org"), Ok(7));
    assert_eq!(upstream.asked.load(Ordering::Relaxed), 4);

    // Told that an answer is wrong, forget it at once.
    assert_eq!(cache.remove("static.example.org"), Some(7));

    let stats = cache.stats();
    println!(
        "{} look-ups, {} of them answered from the cache, {} expired",
        stats.hits + stats.misses,
        stats.hits,
        stats.expirations
    );
    assert_eq!((stats.expirations, stats.len), (1, 1));
}
