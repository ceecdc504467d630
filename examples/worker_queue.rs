//! Fan work out to a few threads and collect what they make of it.
//!
//! A producer sends numbers through one channel; workers take them in batches, factor them, and send the results
//! through a second one. Both channels are bounded, so a slow stage holds the one before it back. The end needs no
//! message: it spreads by dropping senders.
//!
//! ```text
//! cargo run --release --example worker_queue
//! ```

use std::thread;

use bedplate::channel::{self, SendError};

const WORKERS: usize = 4;
const JOBS: u64 = 10_000;
const BATCH: usize = 64;

/// The prime factors of `n`, smallest first.
fn factor(mut n: u64) -> Vec<u64> {
    let mut factors = Vec::new();
    let mut candidate = 2;
    while candidate * candidate <= n {
        while n.is_multiple_of(candidate) {
            factors.push(candidate);
            n /= candidate;
        }
        candidate += 1;
    }
    if n > 1 {
        factors.push(n);
    }
    factors
}

fn main() -> Result<(), SendError<u64>> {
    let (jobs, work) = channel::bounded(1_024);
    let (results, done) = channel::bounded(1_024);

    let (handled, primes) = thread::scope(|s| {
        for _ in 0..WORKERS {
            let (work, results) = (work.clone(), results.clone());
            s.spawn(move || {
                let mut batch = Vec::with_capacity(BATCH);
                let mut out = Vec::with_capacity(BATCH);
                // Ends once the producer has dropped its sender and the channel is drained.
                while work.recv_many(&mut batch, BATCH).is_ok() {
                    out.extend(batch.drain(..).map(|n| (n, factor(n))));
                    if results.send_all(&mut out).is_err() {
                        return; // Nobody wants them any more.
                    }
                }
            });
        }
        // The workers have their own: the last of them to end closes the channel.
        drop((work, results));

        let collector = s.spawn(move || {
            let (mut handled, mut primes) = (0_u64, 0_u64);
            for (n, factors) in &done {
                assert_eq!(factors.iter().product::<u64>(), n);
                handled += 1;
                primes += u64::from(factors.len() == 1);
            }
            (handled, primes)
        });

        let sent = (1..=JOBS).try_for_each(|n| jobs.send(n));
        let stats = jobs.stats();
        drop(jobs);
        let counts = collector.join().expect("the collector panics only where a result is wrong");
        println!("sent {} numbers, {} of them prime, on {WORKERS} workers", stats.sent, counts.1);
        sent.map(|()| counts)
    })?;

    assert_eq!(handled, JOBS, "each job came back once");
    assert_eq!(primes, 1_229, "as many primes as there are below 10,000");
    Ok(())
}
