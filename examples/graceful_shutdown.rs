//! End on `SIGTERM` without losing a line: threads append lines to a file through a `Batcher`, which makes many of them
//! durable with one `sync_data`; the main thread waits for signals.
//!
//! A line is acknowledged (`ack` on the standard output) when the flush that covers it has returned. On `SIGTERM` or
//! Ctrl-C the batcher is closed with a deadline, and what became of every line is printed. Each line that was
//! acknowledged is in the file then, and a supervisor that waits for the deadline never has to kill.
//!
//! ```text
//! cargo run --release --example graceful_shutdown -- lines.txt       # until a signal
//! cargo run --release --example graceful_shutdown -- lines.txt 200   # that many lines a thread, then SIGTERM to itself
//! ```

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;
    use std::fs::File;
    use std::io::{self, Write};
    use std::path::PathBuf;
    use std::process::{self, ExitCode};
    use std::thread;
    use std::time::Duration;

    use bedplate::batch::signals::{SignalSet, Signo};
    use bedplate::batch::{Batcher, SignalBatcher};

    const THREADS: u64 = 4;
    /// What a slow disk takes for a commit.
    const COMMIT: Duration = Duration::from_millis(5);
    /// What the supervisor gives us, with something to spare.
    const DEADLINE: Duration = Duration::from_secs(5);

    /// Prints a line, whole. Where nobody reads any more, that is one more reason to end.
    fn tell(line: &str) {
        let mut out = io::stdout().lock();
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            // It cannot fail: a process may always send to itself.
            let _ = Signo::TERM.send(process::id());
        }
    }

    /// Appends lines until the batcher is closed or `count` are done.
    fn produce(lines: &Batcher<String>, thread: u64, count: u64) {
        for n in 0..count {
            let line = format!("{thread}/{n}");
            if lines.push(line.clone()).is_err() {
                return;
            }
            tell(&format!("flush {line}"));
            // The close may have given the line back: then it is not acknowledged, and counted there.
            if lines.flush().is_err() {
                return;
            }
            tell(&format!("ack {line}"));
        }
    }

    pub fn run() -> Result<ExitCode, Box<dyn Error>> {
        let ends = SignalSet::from([Signo::TERM, Signo::INT]);
        // Before any thread is made. For good: a second SIGTERM must not end the process while it closes.
        std::mem::forget(ends.block()?);

        let mut args = std::env::args_os().skip(1);
        let path = args.next().map_or_else(|| std::env::temp_dir().join("graceful_shutdown.txt"), PathBuf::from);
        let count = args.next().map(|count| {
            let count = count.to_string_lossy();
            count.parse::<u64>().map_err(|error| format!("{count:?} is no number of lines: {error}"))
        });
        let count = count.transpose()?;
        let mut file = File::options().create(true).append(true).open(&path)?;

        let lines = Batcher::builder()
            .max_items(100)
            .on_failed(|lines: Vec<String>| eprintln!("{} lines could not be written", lines.len()))
            .spawn("lines", move |batch: &mut Vec<String>| {
                let text: String = batch.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
                thread::sleep(COMMIT);
                // What stays in the batch has failed.
                if file.write_all(text.as_bytes()).and_then(|()| file.sync_data()).is_ok() {
                    batch.clear();
                }
            })?;
        let mut signals = SignalBatcher::builder(ends).linger(Duration::ZERO).build()?;

        let report = thread::scope(|scope| {
            let producers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let lines = &lines;
                    scope.spawn(move || produce(lines, thread, count.unwrap_or(u64::MAX)))
                })
                .collect();
            if count.is_some() {
                scope.spawn(|| {
                    producers.into_iter().for_each(|producer| producer.join().expect("a producer does not panic"));
                    Signo::TERM.send(process::id())
                });
            }
            match signals.next_batch() {
                Ok(batch) => tell(&format!("closing after {}", batch[0].signo())),
                Err(error) => tell(&format!("closing, as no signal can be read: {error}")),
            }
            lines.close_timeout(DEADLINE)
        });

        tell(&format!(
            "handled {} failed {} left over {} in flight {}",
            report.handled,
            report.failed,
            report.left_over.len(),
            report.in_flight
        ));
        let is_whole = report.failed == 0 && report.left_over.is_empty() && report.in_flight == 0;
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

#[cfg(target_os = "linux")]
fn main() -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
    linux::run()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
