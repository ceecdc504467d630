//! Who moves the blocks of a reader or writer: the calling thread, threads, or a ring. Requests go in, results come out
//! in the order of submission.

#[expect(clippy::module_inception, reason = "the type the module is for")]
mod engine;
mod inline;
mod request;
#[cfg(feature = "io-uring")]
mod ring;
mod setup;
mod workers;

pub(super) use engine::Engine;
pub(super) use request::{Direction, Done, Request};
pub(super) use setup::Setup;
#[cfg(test)]
pub(super) use workers::Workers;
