use crate::args::{Command, Options, parse};
use crate::harness::{
    Bench, Better, Row, RowId, Spec, Wait, on_one_cpu, percentile, process_cpu, share, spread, thread_cpu, together,
};
use std::cell::RefCell;
use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

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
fn a_percentile_is_the_figure_of_that_rank() {
    let mut figures: Vec<u64> = (1..=200).rev().collect();
    assert_eq!([1, 50, 99, 100].map(|percent| percentile(&mut figures, percent)), [2, 100, 198, 200]);
    assert_eq!([50, 99].map(|percent| percentile(&mut [7], percent)), [7, 7]);
}

#[test]
#[should_panic(expected = "at least one figure")]
fn no_figures_have_no_percentile() {
    percentile(&mut [], 50);
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
fn what_mostly_waits_is_measured_by_as_many_operations_as_it_says() {
    let least = &AtomicUsize::new(usize::MAX);
    let most = &AtomicUsize::new(0);
    let work = |ops: u64| {
        least.fetch_min(ops as usize, Ordering::Relaxed);
        most.fetch_max(ops as usize, Ordering::Relaxed);
        // Too short for any other row.
        vec![1; ops as usize]
    };
    let mut bench = bench(&["--quick"]);
    bench.run(Spec::new("r", "d").each("o", work).exactly(7).each("p", |ops| vec![1 << 20; ops as usize]));
    assert_eq!(bench.finish().rows.len(), 1);
    assert_eq!((least.load(Ordering::Relaxed), most.load(Ordering::Relaxed)), (7, 7));
}

#[test]
fn each_operation_timed_gives_a_row_of_the_median_and_one_of_the_99th_percentile() {
    // One operation in fifty takes ten times as long.
    let work = |nanos: u64| move |ops: u64| (0..ops).map(|op| if op % 50 == 0 { nanos * 10 } else { nanos }).collect();
    let mut bench = bench(&["--quick"]);
    let spec = Spec::new("r p50", "d").unit("ns/trip", Better::Lower).beside("r p99", "ns/trip");
    bench.run(spec.each("o", work(1000)).each("p", work(2000)).each("q", work(500)));
    let rows = bench.finish().rows;
    let shown: Vec<_> = rows.iter().map(|row| (row.row.as_str(), row.peer.as_str(), row.ours, row.ratio)).collect();
    assert_eq!(
        shown,
        [
            ("r p50", "p", 1000.0, 2.0),
            ("r p50", "q", 1000.0, 0.5),
            ("r p99", "p", 10_000.0, 2.0),
            ("r p99", "q", 10_000.0, 0.5)
        ]
    );
}

#[test]
fn the_row_beside_timed_work_is_cpu_time_of_all_threads() {
    let spin = |threads| move |ops| together(threads, |_| spin_for(Duration::from_nanos(100 * ops))).0;
    let mut bench = bench(&["--quick", "--rounds", "3"]);
    let spec = Spec::new("r", "d").beside("r cpu", "CPU ns/op");
    // Sleeping takes time and no CPU; two threads take what one takes, twice.
    let sleep = |ops| {
        let start = Instant::now();
        thread::sleep(Duration::from_nanos(100 * ops));
        start.elapsed()
    };
    bench.run(spec.timed("o", spin(1)).timed("sleep", sleep).timed("spin twice", spin(2)));
    let rows = bench.finish().rows;
    let cpu: Vec<_> = rows.iter().filter(|row| row.row == "r cpu").collect();
    assert_eq!(cpu.len(), 2);
    // With room for tests that run at the same time.
    assert!(cpu[0].ours > 90.0 && cpu[0].theirs < 50.0, "{cpu:?}");
    assert!((1.5..3.0).contains(&cpu[1].ratio), "{cpu:?}");
}

/// Spins until the thread has taken so much CPU time.
fn spin_for(cpu: Duration) -> u64 {
    let before = thread_cpu();
    while thread_cpu() - before < cpu {
        hint::spin_loop();
    }
    0
}

#[test]
fn the_process_has_the_cpu_time_of_a_thread_that_has_ended() {
    let before = process_cpu();
    together(1, |_| spin_for(Duration::from_millis(5)));
    assert!(process_cpu() - before >= Duration::from_millis(5));
}

#[test]
fn a_row_beside_may_be_asked_for_alone() {
    let mut bench = bench(&["--row", "p99", "--rounds", "1"]);
    bench.run(Spec::new("r p50", "d").beside("r p99", "ns").each("o", |_| vec![1 << 30]).each("p", |_| vec![1 << 30]));
    bench.run(Spec::new("s p50", "d").beside("s p90", "ns").each("o", |_| panic!("not asked for")));
    assert_eq!(bench.finish().rows.iter().map(|row| row.row.as_str()).collect::<Vec<_>>(), ["r p99"]);
}

#[test]
fn figures_of_one_measurement_are_rows_beside_each_other() {
    let mut bench = bench(&["--rounds", "3"]);
    let spec = Spec::new("r", "d").unit("s", Better::Lower).beside("r all", "J");
    bench.run(spec.figures("o", || [1.0, 10.0]).figures("p", || [2.0, 5.0]));
    let rows = bench.finish().rows;
    let shown: Vec<_> = rows.iter().map(|row| (row.row.as_str(), row.unit.as_str(), row.ours, row.ratio)).collect();
    assert_eq!(shown, [("r", "s", 1.0, 2.0), ("r all", "J", 10.0, 0.5)]);
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
