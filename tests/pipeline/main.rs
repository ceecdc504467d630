//! The pipeline example from the outside: its figures, its faults, and what is left after it was killed.

#![cfg(all(feature = "batch", feature = "cache", feature = "channel", feature = "io", target_os = "linux"))]

mod failures;
mod killed;
mod program;
mod records;
