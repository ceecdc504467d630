use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use bedplate::cache::{Cache, LoadError, Memo, memoize};
use bedplate::time::Manual;
use proptest::prelude::*;

const THREADS: usize = 16;
const NANOSECOND: Duration = Duration::from_nanos(1);

static TIME: LazyLock<Manual> = LazyLock::new(Manual::new);

/// Waits until `threads` calls have found nothing: with that they have joined the computation.
fn until_misses<K, V>(memo: &Memo<K, V>, threads: usize) {
    while memo.cache_info().misses < threads as u64 {
        thread::yield_now();
    }
}

fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<&str>() {
        Ok(text) => (*text).to_owned(),
        Err(panic) => *panic.downcast::<String>().expect("a panic with a message"),
    }
}

#[test]
fn the_key_is_made_of_every_argument() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    memoize! {
        fn join(a: u8, b: u8, mut text: String, tail: &'static str) -> String {
            RUNS.fetch_add(1, Ordering::Relaxed);
            text.push_str(tail);
            format!("{a}{b}{text}")
        }
    }
    let join = |a, b, text: &str, tail| join(a, b, text.to_owned(), tail);
    for _ in 0..2 {
        assert_eq!(join(1, 2, "a", "b"), "12ab");
        assert_eq!(join(2, 1, "a", "b"), "21ab");
        assert_eq!(join(1, 1, "a", "b"), "11ab");
        assert_eq!(join(1, 2, "b", "b"), "12bb");
        assert_eq!(join(1, 2, "a", "a"), "12aa");
    }
    assert_eq!(RUNS.load(Ordering::Relaxed), 5);
}

#[test]
fn a_function_without_arguments_runs_once() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    memoize! {
        fn settings() -> Vec<usize> {
            vec![RUNS.fetch_add(1, Ordering::Relaxed)]
        }
    }
    assert_eq!((settings(), settings()), (vec![0], vec![0]));
    settings::cache_clear();
    assert_eq!(settings(), [1]);
}

#[test]
fn functions_of_one_macro_share_options_and_no_table() {
    memoize! {
        max_size = 1 << 2;
        fn double(n: u32) -> u32 { 2 * n }
        fn triple(n: u32) -> u32 { 3 * n }
    }
    memoize! {
        fn unlimited(n: u32) -> u32 { n }
    }
    for n in 0..1_000 {
        assert_eq!((double(n), unlimited(n)), (2 * n, n));
        assert!(double::cache_info().current_size <= 4 && unlimited::cache_info().current_size <= 128);
    }
    assert_eq!(triple(5), 15);
    let info = triple::cache_info();
    assert_eq!((info.hits, info.misses, info.max_size, info.current_size), (0, 1, 4, 1));
    assert_eq!((double::cache_info().misses, unlimited::cache_info().max_size), (1_000, 128));
}

#[test]
fn options_may_be_constants_of_any_name() {
    const MAX_SIZE: usize = 3;
    const TTL: Duration = Duration::from_nanos(7);
    static MEMO: LazyLock<Manual> = LazyLock::new(Manual::new);
    memoize! {
        ttl = TTL, clock = MEMO.clone(), max_size = MAX_SIZE;
        fn same(key: u32, memo: u32, options: u32) -> u32 { key + memo + options }
    }
    assert_eq!((same(1, 2, 3), same::cache_info().max_size), (6, 3));
    MEMO.advance(TTL);
    assert_eq!((same(1, 2, 3), same::cache_info().misses), (6, 2));
}

mod house {
    #![deny(missing_docs, unused, unreachable_pub, nonstandard_style)]

    bedplate::memoize! {
        max_size = 10,;
        /// What the key opens.
        #[must_use]
        pub(super) fn door(key: super::Key) -> u32 {
            private(key.0) + 1
        }

        #[inline]
        fn private(n: u32) -> u32 {
            n
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(u32);

#[test]
fn visibility_and_attributes_are_those_of_the_function() {
    use house::door; // The function and its table.

    assert_eq!(door(Key(1)), 2);
    assert_eq!(door(Key(1)), 2);
    assert_eq!(door::cache_info().hits, 1);
    assert_eq!(house::door::memo().cache().remove(&(Key(1),)), Some(2));
}

#[test]
fn a_body_returns_early_and_sees_what_is_around_it() {
    struct Local;
    impl Local {
        const LIMIT: u64 = 10;
    }
    memoize! {
        fn capped(n: u64) -> Option<u64> {
            if n > Local::LIMIT {
                return None;
            }
            let n = n.checked_sub(1)?;
            Some(n)
        }
    }
    assert_eq!((capped(0), capped(3), capped(11)), (None, Some(2), None));
    assert_eq!(capped::cache_info().current_size, 3, "None is a result too");
}

#[test]
fn a_result_holds_for_its_time_and_no_longer() {
    macro_rules! expires {
        ($name:ident, $after:expr, $($ttl:tt)*) => {
            memoize! {
                clock = TIME.clone(), ttl = $($ttl)*;
                fn $name(n: u32) -> u32 { n }
            }
            assert_eq!($name(1), 1);
            TIME.advance($after - NANOSECOND);
            assert_eq!(($name(1), $name::cache_info().misses), (1, 1), "{}", stringify!($($ttl)*));
            TIME.advance(NANOSECOND);
            assert_eq!(($name(1), $name::cache_info().misses), (1, 2), "{}", stringify!($($ttl)*));
        };
    }
    const HOUR: Duration = Duration::from_secs(3_600);
    expires!(milliseconds, Duration::from_millis(20), 20 ms);
    expires!(seconds, Duration::from_secs(60), 60 s);
    expires!(minutes, Duration::from_secs(120), 2 min);
    expires!(hours, HOUR, 1 h);
    expires!(constant, HOUR * 2, HOUR.saturating_mul(2));
}

#[test]
fn one_computation_runs_and_all_share_its_result() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    memoize! {
        fn slow(n: u64) -> u64 {
            RUNS.fetch_add(1, Ordering::Relaxed);
            until_misses(slow::memo(), THREADS);
            n * n
        }
    }
    thread::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| assert_eq!(slow(12), 144));
        }
    });
    assert_eq!(RUNS.load(Ordering::Relaxed), 1);
    let info = slow::cache_info();
    assert_eq!((info.hits, info.misses, info.current_size), (0, THREADS as u64, 1));
}

#[test]
fn a_function_may_call_itself_with_other_arguments() {
    memoize! {
        fn fibonacci(n: u64) -> u64 {
            if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
        }
    }
    assert_eq!(fibonacci(90), 2_880_067_194_370_816_120);
    let info = fibonacci::cache_info();
    assert_eq!((info.hits, info.misses, info.current_size), (88, 91, 91));
}

#[test]
fn a_function_that_needs_its_own_result_says_so() {
    memoize! {
        fn ping(n: u32) -> u32 { if n < 10 { pong(n) } else { n } }
        fn pong(n: u32) -> u32 { ping(n) }
        try fn circle(n: u32) -> Result<u32, ()> { circle(n) }
    }
    for panic in [catch_unwind(|| ping(1)), catch_unwind(|| circle(1).unwrap_or(0))] {
        let text = message(panic.unwrap_err());
        assert!(text.contains("a computation waits for its own result"), "{text}");
    }
    assert_eq!((ping::cache_info().current_size, pong::cache_info().current_size), (0, 0));
    assert_eq!(pong(10), 10, "nothing is left locked");

    let memo: Memo<u8, u8> = Memo::new(10);
    assert_eq!(memo.try_get(&1, || memo.try_get(&1, || Ok::<_, ()>(1))), Err(LoadError::Failed(LoadError::Recursive)));
}

#[test]
fn after_a_panic_those_who_wait_compute_for_themselves() {
    let memo: Memo<u8, usize> = Memo::new(10);
    let turns = AtomicUsize::new(0);
    let compute = || {
        until_misses(&memo, THREADS);
        match turns.fetch_add(1, Ordering::Relaxed) {
            turn if turn < 3 => panic_any(turn),
            turn => turn,
        }
    };
    let results: Vec<_> = thread::scope(|s| {
        let threads: Vec<_> =
            (0..THREADS).map(|_| s.spawn(|| catch_unwind(AssertUnwindSafe(|| memo.get(&1, compute))))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let panics = results.iter().filter(|result| result.is_err()).count();
    assert_eq!((panics, turns.load(Ordering::Relaxed)), (3, 4));
    assert!(results.into_iter().flatten().all(|turn| turn == 3));
    assert_eq!(memo.get(&1, || unreachable!()), 3);
}

#[test]
fn an_error_is_remembered_as_a_result_and_forgotten_by_a_try_function() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    type Parsed = Result<u8, std::num::ParseIntError>;
    memoize! {
        fn once(text: String) -> Parsed {
            RUNS.fetch_add(1, Ordering::Relaxed);
            text.parse()
        }
        try fn again(text: String) -> Parsed {
            RUNS.fetch_add(1, Ordering::Relaxed);
            let number = text.parse::<u8>()?;
            Ok(number)
        }
    }
    let runs_of = |function: fn(String) -> Parsed, text: &str| {
        let before = RUNS.load(Ordering::Relaxed);
        let results = (function(text.to_owned()), function(text.to_owned()));
        assert_eq!(results, (text.parse(), text.parse()));
        RUNS.load(Ordering::Relaxed) - before
    };
    assert_eq!((runs_of(once, "7"), runs_of(once, "x")), (1, 1));
    assert_eq!((runs_of(again, "7"), runs_of(again, "x")), (1, 2));
    assert_eq!((once::cache_info().current_size, again::cache_info().current_size), (2, 1));
}

#[test]
fn a_clear_forgets_what_is_there_and_what_is_under_way() {
    let memo: Memo<u8, u8> = Memo::new(10);
    let (begun, begin) = mpsc::channel();
    let (cleared, clear_seen) = mpsc::channel();
    memo.get(&0, || 0);
    thread::scope(|s| {
        let under_way = s.spawn(|| {
            memo.get(&1, move || {
                begun.send(()).unwrap();
                clear_seen.recv().unwrap();
                1
            })
        });
        begin.recv().unwrap();
        memo.cache_clear();
        cleared.send(()).unwrap();
        assert_eq!(under_way.join().unwrap(), 1);
    });
    let info = memo.cache_info();
    assert_eq!((info.hits, info.misses, info.max_size, info.current_size), (0, 0, 10, 0));
    assert_eq!((memo.get(&0, || 2), memo.get(&1, || 3)), (2, 3));
}

#[test]
fn a_table_made_from_a_cache_keeps_what_is_in_it_and_counts_from_there() {
    let cache: Cache<String, u32> = Cache::new(10);
    cache.insert("one".to_owned(), 1);
    assert_eq!((cache.get("one"), cache.get("two")), (Some(1), None));
    let memo = Memo::from(cache);
    assert_eq!(memo.get("one", || unreachable!()), 1);
    let info = memo.cache_info();
    assert_eq!((info.hits, info.misses, info.current_size), (1, 0, 1));
    assert_eq!(memo.cache().stats().misses, 1);
}

#[derive(Clone, Debug)]
enum Step {
    Get(u8),
    Fail(u8),
    Advance(u64),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..6u8).prop_map(Step::Get),
        2 => (0..6u8).prop_map(Step::Fail),
        2 => (0..4u64).prop_map(Step::Advance),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// With room for all keys, a table is a map from key to what was computed last, and when.
    #[test]
    fn with_room_for_all_it_is_a_map_of_what_was_computed(steps in steps()) {
        const TTL: u64 = 5;
        let time = Manual::new();
        let cache = Cache::builder(6).shards(1).ttl(Duration::from_nanos(TTL)).clock(time.clone()).build();
        let memo: Memo<u8, usize> = Memo::from(cache);
        let mut model: HashMap<u8, (u64, usize)> = HashMap::new();
        let (mut now, mut hits, mut misses) = (0, 0, 0);
        for (count, step) in steps.into_iter().enumerate() {
            let (key, result) = match step {
                Step::Get(key) => (key, Ok(count)),
                Step::Fail(key) => (key, Err(count)),
                Step::Advance(by) => {
                    now += by;
                    time.advance(Duration::from_nanos(by));
                    continue;
                }
                Step::Clear => {
                    memo.cache_clear();
                    model.clear();
                    (hits, misses) = (0, 0);
                    continue;
                }
            };
            let known = model.get(&key).filter(|(since, _)| now < since + TTL).map(|(_, value)| *value);
            if known.is_some() { hits += 1 } else { misses += 1 }
            if let (None, Ok(value)) = (known, result) {
                model.insert(key, (now, value));
            }
            let expected = known.map_or(result, Ok).map_err(LoadError::Failed);
            prop_assert_eq!(memo.try_get(&key, || result), expected);
            let info = memo.cache_info();
            prop_assert_eq!((info.hits, info.misses), (hits, misses));
            prop_assert!(info.current_size <= model.len());
        }
    }
}
