#![cfg(feature = "batch")]

mod adaptive;
mod batcher;
mod batcher_builder;
mod boundaries;
mod bulk;
mod close;
mod coalescer;
mod coalescer_merge;
mod coalescer_model;
mod coalescer_race;
mod failure;
mod flush;
mod inline;
mod model;
mod overflow;
mod producer;
mod producer_full;
mod push_error;
mod race;
mod reentrance;
mod retry;
#[cfg(target_os = "linux")]
mod sigterm;
mod support;
mod urgent;
