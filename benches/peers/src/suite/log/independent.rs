//! Records appended and durable when the call returns, against as many writers that know nothing of each other.

use super::Setting;
use super::subject::Subject;
use super::zeroed::Zeroed;
use crate::harness::{Bench, Better, Spec};
use bedplate::Demand;
use bedplate::io::Backend;

/// Threads of the rows, from the least.
pub const THREADS: [usize; 6] = [1, 2, 4, 8, 32, 128];

/// The name of the peer.
pub const PEER: &str = "independent O_DSYNC";

/// Measures the rows.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    rows(bench, setting, "independent", Backend::Inline, &THREADS);
    rows(bench, setting, "threads1", Backend::Threads(1), &[8, 32, 128]);
    rows(bench, setting, "uring", Backend::Uring, &[8, 32]);
}

fn rows(bench: &mut Bench, setting: &Setting<'_>, name: &str, backend: Backend, threads: &[usize]) {
    let id = |threads: &usize| format!("append {name} {threads}t");
    if !threads.iter().any(|threads| bench.wants(&id(threads))) {
        return;
    }
    let options = setting.options();
    let log = match Subject::open(setting, &options.clone().backend(backend).backend_demand(Demand::Require)) {
        Ok(log) => log,
        Err(error) => {
            threads.iter().for_each(|threads| bench.leave_out(id(threads), error.to_string()));
            return;
        }
    };
    let inline = (backend != Backend::Inline).then(|| Subject::open(setting, &options).expect("a log"));
    let peer = Zeroed::create(setting.folder, setting.segment).expect("a file");
    for count in threads {
        let (threads, time) = (*count, setting.time);
        let detail = format!(
            "append a record of 100 bytes and return when it is durable, for {time:?}; a log of Backend::{backend:?}, the \
             same in all rounds, segments of {} MiB recycled, the next one prepared beforehand; each writer of the peer \
             has its own part of one file of zeros as large as a segment, and makes one RWF_DSYNC write of 4 KiB with \
             O_DIRECT for a record, aligned; verified: all records read back, the peer's last of each page",
            setting.segment >> 20
        );
        let mut spec = Spec::new(id(count), detail)
            .threads(threads)
            .unit("records/s", Better::Higher)
            .figure("bedplate", || log.rate(threads, time))
            .figure(PEER, || peer.page_rate(threads, time));
        if let Some(inline) = &inline {
            spec = spec.figure("bedplate Inline", || inline.rate(threads, time));
        }
        bench.run(spec);
    }
}
