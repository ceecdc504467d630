//! Sequences of operations on a cache, against a model of it; after each the cache's own invariants.
#![no_main]

extern crate bedplate;

#[path = "../../src/cache/tests/ops/mod.rs"]
mod ops;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ops::run(bytes));
