//! Files read and written past the page cache and through it.

mod anywhere;
mod bounded;
mod child;
mod control_group;
mod copies;
mod cpu;
mod durable;
mod fio;
mod inline;
mod kernel_time;
mod pages;
mod random;
mod sequential;

pub use child::child;
#[cfg(test)]
mod tests;

use crate::harness::Bench;
use crate::suite::scratch;
use bedplate::io::Uring;
use bedplate::pool::Block;
use fio::{Fio, Report};
use std::path::Path;
use std::time::Duration;

/// What the rows of the suite are measured on and with.
struct Setting<'a> {
    /// Where files may be made.
    folder: &'a Path,
    /// MiB of a file that is read or written whole.
    blocks: usize,
    /// How long a measurement of a rate goes on.
    time: Duration,
    /// Its version; or why there is none.
    fio: Result<String, String>,
    /// Why there is no io_uring, where there is none.
    no_ring: Option<String>,
}

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    let folder = match scratch::folder() {
        Ok(folder) => folder,
        Err(why) => {
            let rows = "seqread inline, seqwrite inline, seqread qd8, seqwrite qd8, randread qd1, randread qd32, randread \
                        qd32 fixed, cpu seqread, dsync 4k, copy";
            bench.leave_out(rows, why);
            return;
        }
    };
    let (blocks, time) = if bench.quick() { (64, 100) } else { (1024, 1000) };
    let setting = Setting {
        folder: folder.path(),
        blocks,
        time: Duration::from_millis(time),
        fio: Fio::new("fio").version(),
        no_ring: Uring::<Block>::builder().build::<Block>().err().map(|error| format!("the ring is refused: {error}")),
    };
    inline::run(bench, &setting);
    sequential::run(bench, &setting);
    random::run(bench, &setting);
    cpu::run(bench, &setting);
    durable::run(bench, &setting);
    copies::run(bench, &setting);
}

impl Setting<'_> {
    /// Whether one of these rows is asked for, and fio, which they have for a peer, is there.
    fn with_fio(&self, bench: &mut Bench, rows: &[&str]) -> bool {
        match &self.fio {
            Ok(_) => rows.iter().any(|row| bench.wants(row)),
            Err(why) => {
                rows.iter().for_each(|row| bench.leave_out(*row, why));
                false
            }
        }
    }

    /// The same, and the ring is there too, which ours uses in them.
    fn with_ring_and_fio(&self, bench: &mut Bench, rows: &[&str]) -> bool {
        self.with_fio(bench, rows) && self.with_ring(bench, rows)
    }

    /// Whether the ring is there, which ours uses in these rows.
    fn with_ring(&self, bench: &mut Bench, rows: &[&str]) -> bool {
        if let Some(why) = &self.no_ring {
            rows.iter().for_each(|row| bench.leave_out(*row, why));
        }
        self.no_ring.is_none()
    }

    /// What fio calls itself.
    fn peer(&self) -> &str {
        self.fio.as_deref().unwrap_or("fio")
    }

    /// Those of the jobs that fio can do here; the others are left out.
    fn able<'a>(
        &self,
        bench: &mut Bench,
        row: &str,
        jobs: impl IntoIterator<Item = (&'a str, Fio)>,
    ) -> Vec<(&'a str, Fio)> {
        let mut able = Vec::new();
        for (name, job) in jobs {
            match job.clone().arg("--number_ios=1").run(self.folder) {
                Ok(_) => able.push((name, job)),
                Err(error) => bench.leave_out(format!("{row} against {name}"), error.to_string()),
            }
        }
        able
    }

    /// Has fio do the job, which it was [`able`](Self::able) to do.
    fn run(&self, job: &Fio) -> Report {
        job.run(self.folder).unwrap_or_else(|error| panic!("{error}"))
    }
}
