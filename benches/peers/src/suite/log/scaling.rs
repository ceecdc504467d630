//! Whether more threads append more.

use super::Setting;
use super::independent::{PEER, THREADS};
use super::subject::Subject;
use super::zeroed::Zeroed;
use crate::harness::{Bench, Better, Spec};

/// Measures the rows: one for each step from a count of threads to the next.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    let ids: Vec<String> = THREADS[1..].iter().map(|threads| format!("append scaling {threads}t")).collect();
    if !ids.iter().any(|id| bench.wants(id)) {
        return;
    }
    let log = Subject::open(setting, &setting.options()).expect("a log");
    let peer = Zeroed::create(setting.folder, setting.segment).expect("a file");
    let time = setting.time / 2;
    let detail = format!(
        "records a second over those of the row's next lower count of threads (1, 2, 4, 8, 32, 128), one behind the other \
         in one round, {time:?} each: 1 and more in all rows is monotone; the rest as `append independent`"
    );
    let unit = "of fewer threads";
    let mut spec = Spec::new(&ids[0], detail).threads(THREADS[THREADS.len() - 1]).unit(unit, Better::Higher);
    for id in &ids[1..] {
        spec = spec.beside(id, unit);
    }
    bench.run(
        spec.figures("bedplate", || steps(THREADS.map(|threads| log.rate(threads, time))))
            .figures(PEER, || steps(THREADS.map(|threads| peer.page_rate(threads, time)))),
    );
}

/// Each over the one before.
fn steps(rates: [f64; THREADS.len()]) -> [f64; THREADS.len() - 1] {
    std::array::from_fn(|step| rates[step + 1] / rates[step])
}
