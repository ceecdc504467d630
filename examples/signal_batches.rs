//! Take signals in batches: 500 real-time signals of a child, and the standard ones that merge.
//!
//! The program runs itself as the child that sends, and ends when the child has.
//!
//! ```text
//! cargo run --release --example signal_batches
//! ```

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;
    use std::io::ErrorKind;
    use std::process::{self, Command};
    use std::thread;
    use std::time::Duration;

    use bedplate::batch::SignalBatcher;
    use bedplate::batch::signals::{ChildChange, SignalSet, Signo};

    const JOBS: i32 = 500;

    /// The child: queues the numbers of jobs, and says now and then with a standard signal that it is alive.
    fn send(parent: u32, job: Signo) -> Result<(), Box<dyn Error>> {
        for n in 0..JOBS {
            // The queue of the receiver may be full: that is told here, and only here.
            while let Err(error) = job.queue(parent, n) {
                if error.kind() != ErrorKind::WouldBlock {
                    return Err(error.into());
                }
                thread::yield_now();
            }
            if n % 10 == 0 {
                Signo::USR1.send(parent)?;
            }
        }
        Ok(())
    }

    pub fn run() -> Result<(), Box<dyn Error>> {
        let job = Signo::rt(0)?;
        if let Some(parent) = std::env::args().nth(1) {
            return send(parent.parse()?, job);
        }

        // Before any thread is made, so that all inherit it.
        let set = SignalSet::from([job, Signo::USR1, Signo::CHLD]);
        let blocked = set.block()?;
        let mut signals = SignalBatcher::builder(set).max_items(50).linger(Duration::from_millis(10)).build()?;

        let mut child = Command::new(std::env::current_exe()?).arg(process::id().to_string()).spawn()?;
        let (mut next, mut alive, mut ended) = (0, 0, None);
        while ended.is_none() || next < JOBS {
            let batch = signals.next_batch()?;
            for signal in batch {
                match (signal.value(), signal.child()) {
                    (Some(n), _) => {
                        assert_eq!((n, signal.pid()), (next, Some(child.id())), "in the order they were sent");
                        next += 1;
                    }
                    (None, Some(change)) => ended = Some(change),
                    (None, None) => alive += 1,
                }
            }
            println!(
                "{:2} signals, {next} jobs so far; may stand for more: {}",
                batch.len(),
                batch.possible_loss().merged
            );
        }
        assert_eq!(ended, Some(ChildChange::Exited(0)));
        assert!(child.wait()?.success());
        let stats = signals.stats();
        println!("{JOBS} jobs; of {} signs of life {alive} came, the others merged", JOBS / 10);
        println!("{} signals in {} batches and {} reads", stats.received, stats.batches, stats.reads);
        assert_eq!(next, JOBS);

        // What might still be pending would meet its default action when the mask is restored.
        assert_eq!(signals.close()?.len(), 0);
        drop(blocked);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(target_os = "linux")]
    linux::run()?;
    Ok(())
}
