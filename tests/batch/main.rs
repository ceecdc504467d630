#![cfg(feature = "batch")]

mod batcher;
mod batcher_builder;
mod close;
mod failure;
mod flush;
mod inline;
mod push_error;
mod support;
