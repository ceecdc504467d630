//! Where the threads of a program should run.

mod distance;
mod explicit;
mod kind_choice;
mod masks;
mod order;
mod placement;
mod placement_error;
mod plan;
mod site;
mod slot;
mod strategy;
mod tree;
mod width;

pub use kind_choice::KindChoice;
pub use placement::Placement;
pub use placement_error::PlacementError;
pub use plan::Plan;
pub use slot::Slot;
pub use strategy::Strategy;
pub use width::Width;

use distance::Distance;
