//! Clocks that can be moved by hand, and deadlines.
//!
//! Everything in this crate that reads time takes a [`Clock`], so that its tests need no sleep. A [`Clock`] is one of
//! three: [`Clock::Monotonic`] (about 20 ns a read), [`Clock::Coarse`] (about 4 ns, a few milliseconds of resolution)
//! and [`Clock::Manual`], which stands still until [`Manual::advance`] moves it.

mod clock;
mod deadline;
mod instant;
mod manual;

pub use clock::Clock;
pub use deadline::Deadline;
pub use instant::Instant;
pub use manual::Manual;
