//! Channels, which wait by themselves.

mod ends;
mod flow;
mod idle;
mod pingpong;

use super::payload::Payload;
use super::shape::{Place, Shape};
use crate::harness::{Bench, Better, Spec};
use ends::{Bedplate, Crossbeam, Crossfire, Flume, FlumeDrain, Kanal, KanalDrain, Std};
use flow::flow;
use idle::{Waiting, idle};
use pingpong::pingpong;
use std::time::Duration;

/// Items of a bulk call.
const BULK: usize = 32;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    // As crossfire's front page asks of programs that may have few CPUs.
    crossfire::detect_backoff_cfg();
    let [one, two, four] = [1, 2, 4].map(|ends| Shape::new(ends, ends));
    let crowded = Shape { place: Place::OneCpu, ..four };
    for shape in [one, two, crowded] {
        bench.run(with_cpu(singles::<u64>(shape)));
    }
    for shape in [one, two, crowded] {
        bench.run(with_cpu(bulks(Shape { bulk: BULK, ..shape })));
    }
    for shape in [Shape::new(4, 1), Shape::new(1, 4), four] {
        bench.run(singles::<u64>(shape));
    }
    for shape in [one, two] {
        bench.run(singles::<[u64; 8]>(shape));
        bench.run(singles::<[u64; 128]>(shape));
        for capacity in [64, 65_536] {
            bench.run(singles::<u64>(Shape { capacity, ..shape }));
        }
    }
    round_trips(bench);
    waiting(bench);
}

fn singles<T: Payload>(shape: Shape) -> Spec<'static> {
    let row = row::<T>(shape, "channel", "blocking send and recv")
        .timed("bedplate", move |ops| flow::<T, Bedplate>(shape, ops))
        .timed("crossbeam-channel", move |ops| flow::<T, Crossbeam>(shape, ops))
        .timed("flume", move |ops| flow::<T, Flume>(shape, ops))
        .timed("kanal", move |ops| flow::<T, Kanal>(shape, ops))
        .timed("crossfire", move |ops| flow::<T, Crossfire>(shape, ops));
    match shape.consumers {
        1 => row.timed("std sync_channel", move |ops| flow::<T, Std>(shape, ops)),
        _ => row,
    }
}

/// A peer without a bulk call sends in a loop, and receives what is there after the first item. Two have a call that
/// takes all there is, without a limit: they are measured both ways.
fn bulks(shape: Shape) -> Spec<'static> {
    let calls = "send_all and recv_many of 32; peers send one at a time, receive one and try_recv up to 32 in all, or \
                 drain all there is";
    row::<u64>(shape, "channel32", calls)
        .timed("bedplate", move |ops| flow::<u64, Bedplate>(shape, ops))
        .timed("crossbeam-channel", move |ops| flow::<u64, Crossbeam>(shape, ops))
        .timed("flume", move |ops| flow::<u64, Flume>(shape, ops))
        .timed("flume drain", move |ops| flow::<u64, FlumeDrain>(shape, ops))
        .timed("kanal", move |ops| flow::<u64, Kanal>(shape, ops))
        .timed("kanal drain", move |ops| flow::<u64, KanalDrain>(shape, ops))
        .timed("crossfire", move |ops| flow::<u64, Crossfire>(shape, ops))
}

fn row<T: Payload>(shape: Shape, id: &str, calls: &str) -> Spec<'static> {
    let shown = shape.detail::<T>();
    let detail = format!("{shown}; {calls} until closed, each with its own wait; verified: count and sum");
    Spec::new(shape.row::<T>(id), detail).threads(shape.threads()).unit("ns/item", Better::Lower)
}

/// With the CPU time of the process beside.
fn with_cpu(row: Spec<'_>) -> Spec<'_> {
    let id = format!("{} cpu", row.id());
    row.beside(id, "CPU ns/item")
}

/// How long an item takes to and fro.
fn round_trips(bench: &mut Bench) {
    for (row, capacity) in [("channel pingpong", 1), ("channel pingpong cap64", 64)] {
        let detail = format!(
            "a u64 there and back through two channels of capacity {capacity}, a reading of the clock included; \
             blocking send and recv, each with its own wait; verified: each value"
        );
        bench.run(
            Spec::new(format!("{row} p50"), detail)
                .threads(2)
                .unit("ns/trip", Better::Lower)
                .beside(format!("{row} p99"), "ns/trip")
                .each("bedplate", move |trips| pingpong::<Bedplate>(capacity, trips))
                .each("crossbeam-channel", move |trips| pingpong::<Crossbeam>(capacity, trips))
                .each("flume", move |trips| pingpong::<Flume>(capacity, trips))
                .each("kanal", move |trips| pingpong::<Kanal>(capacity, trips))
                .each("crossfire", move |trips| pingpong::<Crossfire>(capacity, trips))
                .each("std sync_channel", move |trips| pingpong::<Std>(capacity, trips)),
        );
    }
}

/// What a receiver costs to which nothing comes.
fn waiting(bench: &mut Bench) {
    const ROW: &str = "channel idle";
    if !bench.wants(ROW) {
        return;
    }
    let wait = Duration::from_secs(if bench.quick() { 1 } else { 10 });
    let contenders = [
        ("bedplate", Waiting::on::<Bedplate>()),
        ("crossbeam-channel", Waiting::on::<Crossbeam>()),
        ("flume", Waiting::on::<Flume>()),
        ("kanal", Waiting::on::<Kanal>()),
        ("crossfire", Waiting::on::<Crossfire>()),
        ("std sync_channel", Waiting::on::<Std>()),
    ];
    let (names, waiting): (Vec<_>, Vec<_>) = contenders.into_iter().unzip();
    let detail = format!(
        "a blocking recv on an empty channel, ended after {} s by dropping the sender: CPU time of the receiver's thread; \
         all contenders wait at the same time, once; verified: nothing comes",
        wait.as_secs()
    );
    let spec = Spec::new(ROW, detail).unit("CPU µs", Better::Lower).once();
    let times = idle(waiting, wait).into_iter().map(|time| time.as_nanos() as f64 / 1e3);
    bench.run(names.into_iter().zip(times).fold(spec, |spec, (name, time)| spec.figure(name, move || time)));
}
