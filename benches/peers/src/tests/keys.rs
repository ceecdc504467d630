use crate::suite::Keys;
use std::sync::LazyLock;

/// Drawn for each thread: enough to count shares of, and little, for a test beside these measures CPU time.
const DRAWN: usize = 1 << 13;

/// Of two threads.
fn keys() -> Keys {
    static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::drawn(DRAWN, 1000, 2));
    KEYS.clone()
}

fn drawn(keys: &Keys, thread: usize) -> Vec<(u64, bool)> {
    keys.marked(thread).take(DRAWN).collect()
}

#[test]
fn marks_leave_the_keys_as_they_were_drawn() {
    let plain: Vec<u64> = keys().of(0).take(DRAWN).collect();
    let marked: Vec<u64> = drawn(&keys().with_writes(16.0), 0).into_iter().map(|(key, _)| key).collect();
    assert_eq!(plain, marked);
}

#[test]
fn as_many_are_marked_as_asked_for() {
    for percent in [0.0, 1.0, 16.0, 100.0] {
        let keys = keys().with_writes(percent);
        let marked = drawn(&keys, 0).into_iter().filter(|&(_, write)| write).count();
        let expected = DRAWN as f64 * percent / 100.0;
        // Four standard deviations: the seed is fixed, so this cannot fail now and then.
        let off = 4.0 * (expected * (1.0 - percent / 100.0)).sqrt();
        assert!((marked as f64 - expected).abs() <= off, "{marked} marked at {percent} %");
    }
}

#[test]
fn which_are_marked_does_not_hang_on_the_key() {
    let keys = drawn(&keys().with_writes(16.0), 0);
    // Key 0 is the most wanted.
    let share = |hot: bool| {
        let of_kind = keys.iter().filter(|&&(key, _)| (key == 0) == hot);
        let (all, marked) = of_kind.fold((0, 0), |(all, marked), &(_, write)| (all + 1, marked + u32::from(write)));
        f64::from(marked) / f64::from(all)
    };
    assert!((share(true) - 0.16).abs() < 0.03, "{}", share(true));
    assert!((share(false) - 0.16).abs() < 0.03, "{}", share(false));
}

#[test]
fn each_thread_draws_for_itself() {
    let keys = keys().with_writes(16.0);
    let (first, second) = (drawn(&keys, 0), drawn(&keys, 1));
    let same_key = first.iter().zip(&second).filter(|((a, _), (b, _))| a == b).count();
    let same_mark = first.iter().zip(&second).filter(|((_, a), (_, b))| *a && *b).count();
    assert!(same_key < DRAWN / 10, "{same_key} keys in the same place");
    assert!(same_mark < DRAWN / 25, "{same_mark} marks in the same place"); // 0.16 of 0.16 is 1 in 39.
}
