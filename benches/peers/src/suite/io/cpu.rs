//! What a read costs the machine.

use super::Setting;
use super::child::{Look, Reader, Work};
use super::control_group::ControlGroup;
use super::kernel_time::KernelTime;
use super::pages::{Pages, evict, read_std};
use crate::harness::{Bench, Better, Spec, on_cpu};
use std::path::Path;

/// Measures the rows of CPU time.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    rows(bench, setting, "cpu seqread", Look::First, "its process looks at the number of each MiB");
    if bench.quick() {
        bench.leave_out("cpu seqread all", "not in a quick run");
        return;
    }
    rows(bench, setting, "cpu seqread all", Look::All, "its process adds up all words");
}

/// A row, and those beside it.
fn rows(bench: &mut Bench, setting: &Setting<'_>, row: &str, look: Look, what: &str) {
    let rows = [row.to_owned(), format!("{row} kernel"), format!("{row} machine")];
    if !rows.iter().any(|row| bench.wants(row)) {
        return;
    }
    if !setting.with_ring(bench, &rows.each_ref().map(String::as_str)) {
        return;
    }
    let group = match ControlGroup::create() {
        Ok(group) => group,
        Err(why) => {
            rows.iter().for_each(|row| bench.leave_out(row, &why));
            return;
        }
    };
    let (blocks, file) = (setting.blocks, &setting.folder.join("cpu"));
    Pages::new(0).write(file, blocks).expect("a file");
    let sum = read_std(file, |block| look.at(block)).expect("the file");
    let detail = format!(
        "CPU time of reading a file of {blocks} MiB front to back in blocks of 1 MiB, none of it in the page cache \
         (checked), from the call that opens to the one that closes, by a process in a control group of its own, bound to \
         one CPU: DirectReader with Backend::Uring, File::read into one buffer, DirectReader with Backend::Inline. \
         `kernel` adds what all threads of the kernel took meanwhile; `machine` is how long its CPUs were not idle, \
         interrupts and all else included, to a tick: these two tell something only where nothing else runs. Verified: \
         {what}, and the sum is right"
    );
    let of = |work| {
        let group = &group;
        move || on_cpu(1, || seconds(group, work, look, file, blocks, sum))
    };
    bench.run(
        Spec::new(&rows[0], detail)
            .unit("CPU s/GiB", Better::Lower)
            .beside(&rows[1], "CPU s/GiB")
            .beside(&rows[2], "CPU s/GiB")
            .figures("bedplate", of(Work::Ring))
            .figures("std::fs::File", of(Work::Std))
            .figures("bedplate Inline", of(Work::Inline)),
    );
    std::fs::remove_file(file).expect("the file of the row");
}

/// CPU seconds a GiB: of the process, with the threads of the kernel, and of the machine.
fn seconds(group: &ControlGroup, work: Work, look: Look, file: &Path, blocks: usize, sum: u64) -> [f64; 3] {
    let mut reader = Reader::start(work, look, file, |command| group.enlist(command)).expect("a process");
    // A hypervisor may take back what has been free for a while, and to get it again can cost more than the read: this
    // leaves as many pages as the cache will want free just now.
    read_std(file, |_| 0).expect("the file");
    evict(file).expect("a file that leaves the page cache");
    let (outside_before, before) = (KernelTime::now().expect("a count"), group.cpu().expect("a count"));
    let found = reader.read().expect("a file that can be read");
    let (after, outside_after) = (group.cpu().expect("a count"), KernelTime::now().expect("a count"));
    reader.end().expect("an end");
    assert_eq!(found, sum, "what is looked at is what was written");
    let own = (after - before).as_secs_f64();
    let kernel = outside_after.of_threads_since(&outside_before).as_secs_f64();
    let machine = outside_after.of_machine_since(&outside_before).as_secs_f64();
    let gib = blocks as f64 / 1024.0;
    // No ratio can be had of nothing: less than a tick counts as one.
    [own / gib, (own + kernel) / gib, machine.max(0.01) / gib]
}
