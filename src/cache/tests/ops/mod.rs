//! Runs a sequence of operations, decoded from bytes, on a cache and on a model of it, for property tests and the fuzz target
//! alike. The including module has the crate as `bedplate`.
//!
//! The listener tells of every entry that goes, so the model knows at any time what is in: which answers are right does
//! not depend on the policy, and an entry that went without a word, or was told of twice, shows.

mod hashes;
mod loads;
mod steps;
mod world;

use super::bedplate;
use hashes::Hashes;
pub(crate) use world::run;
use world::{Load, Subject, Value, World};
