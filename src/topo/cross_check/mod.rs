//! What hwloc makes of the machine, beside what this crate makes of it: [`Topology::cross_check`](super::Topology::cross_check).

mod check;
mod difference;
mod error;
mod tally;
mod view;

pub use check::CrossCheck;
pub use difference::{Difference, Part, Side};
pub use error::CrossCheckError;
pub use tally::Tally;
