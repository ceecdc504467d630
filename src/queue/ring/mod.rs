//! The ring under `Bounded`, `mpsc` and `spmc`.

mod bulk;
mod claim;
mod contention;
mod core;
mod end;
mod force;
mod position;
mod refusal;
#[cfg_attr(any(bedplate_loom, bedplate_shuttle), path = "slots_model.rs")]
mod slots;

pub(super) use claim::{Shared, Single};
pub(super) use core::Ring;
#[cfg(test)]
pub(super) use position::Laps;
pub(super) use position::Position;
