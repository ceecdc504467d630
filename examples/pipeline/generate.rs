//! Events to read where no file is given: NDJSON of about 120 bytes over zipf-distributed keys.

use std::io::{self, Write};
use std::path::Path;

use bedplate::io::DirectWriter;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};

const KEYS: u32 = 10_000;
const EXPONENT: f64 = 0.99;

const PATHS: [&str; 8] = ["/", "/login", "/search", "/cart", "/items", "/orders", "/health", "/api/v1/users"];
const LEVELS: [&str; 4] = ["debug", "info", "info", "error"];

/// Writes `events` lines to `path`; the same ones each time.
pub fn generate(path: &Path, events: u64) -> io::Result<()> {
    let mut random = StdRng::seed_from_u64(1);
    let keys = Zipf::new(f64::from(KEYS), EXPONENT).expect("both parameters are positive constants");
    let mut out = DirectWriter::builder().create(path)?;
    let mut line = Vec::with_capacity(256);
    for event in 0..events {
        let key = keys.sample(&mut random) as u32;
        let level = LEVELS[random.random_range(0..LEVELS.len())];
        let target = PATHS[random.random_range(0..PATHS.len())];
        let latency = random.random_range(100..90_000);
        line.clear();
        writeln!(
            line,
            r#"{{"key":"user-{key:05}","ts":{ts},"level":"{level}","path":"{target}","status":200,"latency_us":{latency},"node":"n{node:02}"}}"#,
            ts = 1_760_000_000_000 + event,
            node = event % 32,
        )?;
        out.write_all(&line)?;
    }
    out.finish()?;
    Ok(())
}
