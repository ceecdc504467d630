use crate::args::{Command, Options, parse};
use crate::harness::{Bench, Better, Row, RowId, Spec, Wait, on_one_cpu, share, spread, together};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn bench(args: &[&str]) -> Bench {
    let Ok(Command::Run(Options { suites, rounds, row, quick, json, html })) =
        parse(lexopt::Parser::from_args(args.iter().chain(&["stats"])))
    else {
        panic!("right arguments")
    };
    let mut bench = Bench::new(&Options { suites, rounds, row, quick, json, html });
    bench.begin("stats");
    bench
}

fn row(better: Better, ours: &[f64], theirs: &[f64]) -> Row {
    let what = RowId { suite: "s", row: "r", threads: 1, unit: "u", better, detail: "d" };
    Row::new(what, ours, "peer", theirs)
}

#[test]
fn the_median_is_the_middle() {
    assert_eq!(spread(&[3.0, 1.0, 2.0]).median, 2.0);
    let even = spread(&[4.0, 1.0, 2.0, 10.0]);
    assert_eq!((even.least, even.median, even.greatest), (1.0, 3.0, 10.0));
}

#[test]
#[should_panic(expected = "not a number")]
fn a_figure_that_is_no_number_is_refused() {
    spread(&[1.0, f64::NAN]);
}

#[test]
fn a_ratio_above_one_means_ours_is_ahead() {
    let lower = row(Better::Lower, &[10.0, 20.0, 10.0], &[20.0, 20.0, 50.0]);
    assert_eq!((lower.ratio, lower.ratio_min, lower.ratio_max), (2.0, 1.0, 5.0));
    let higher = row(Better::Higher, &[10.0, 20.0, 10.0], &[20.0, 20.0, 50.0]);
    assert_eq!((higher.ratio, higher.ratio_min, higher.ratio_max), (0.5, 0.2, 1.0));
}

#[test]
fn contenders_take_turns_after_a_warm_up() {
    let order = &RefCell::new(String::new());
    let run = |name: char| {
        move || {
            order.borrow_mut().push(name);
            1.0
        }
    };
    let mut bench = bench(&["--rounds", "3"]);
    bench.run(Spec::new("r", "d").figure("o", run('o')).figure("a", run('a')).figure("b", run('b')));
    assert_eq!(
        *order.borrow(),
        "oab" /* warm-up */
            .to_owned()
            + "oab"
            + "abo"
            + "boa"
    );
    let rows = bench.finish().rows;
    assert_eq!(rows.iter().map(|row| row.peer.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn operations_fill_the_measurement_and_time_is_shared_among_them() {
    let most = &AtomicUsize::new(0);
    let work = |nanos: u64| {
        move |ops: u64| {
            most.fetch_max(ops as usize, Ordering::Relaxed);
            Duration::from_nanos(nanos * ops)
        }
    };
    let mut bench = bench(&["--quick"]);
    bench.run(Spec::new("r", "d").timed("o", work(1000)).timed("p", work(3000)));
    let row = &bench.finish().rows[0];
    assert_eq!((row.ours, row.theirs, row.ratio), (1000.0, 3000.0, 3.0));
    assert_eq!(most.load(Ordering::Relaxed), 30_000, "30 ms of 1 µs each");
}

#[test]
fn rows_that_are_not_asked_for_do_not_run() {
    let mut bench = bench(&["--row", "hit"]);
    bench.run(Spec::new("pair 1t", "d").figure("o", || panic!("not asked for")));
    assert!(bench.wants("hit 1t") && !bench.wants("pair 1t"));
    assert!(bench.finish().rows.is_empty());
}

#[test]
fn threads_start_together_and_their_results_are_summed() {
    let (elapsed, sum) = together(3, |index| index as u64 + 1);
    assert_eq!(sum, 6);
    assert!(elapsed < Duration::from_secs(10));
    let cpu = || u64::from(rustix::thread::sched_getcpu() as u32);
    let (_, sum) = on_one_cpu(vec![Box::new(cpu), Box::new(cpu)]);
    assert_eq!(sum, 2 * crate::harness::cpus()[0] as u64);
}

#[test]
fn waiting_does_not_end_by_itself_while_there_is_progress() {
    let mut wait = Wait::new();
    for _ in 0..10_000 {
        wait.pause();
    }
    wait.progress();
    wait.pause();
}

#[test]
fn shares_are_exact_and_even() {
    for items in 0..40 {
        for parts in 1..10 {
            let shares: Vec<_> = (0..parts).map(|index| share(items, parts, index)).collect();
            assert!(shares.iter().cloned().flatten().eq(0..items), "{items} in {parts}: {shares:?}");
            assert!(
                shares.iter().all(|share| (items / parts..=items.div_ceil(parts)).contains(&(share.end - share.start)))
            );
        }
    }
}
