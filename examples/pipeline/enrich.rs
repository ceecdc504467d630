//! The stand-in for a look-up that costs something: a call to a service, a row of a database.

use std::time::{Duration, Instant};

/// Spins for `cost` and gives the key's attribute.
pub fn enrich(key: &str, cost: Duration) -> u64 {
    if !cost.is_zero() {
        let start = Instant::now();
        while start.elapsed() < cost {
            std::hint::spin_loop();
        }
    }
    u64::from(crc32c::crc32c(key.as_bytes()))
}
