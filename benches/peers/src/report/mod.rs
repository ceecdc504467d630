//! What a run says: a table for the terminal, JSON for programs, one page for people.

mod chart;
pub mod html;
pub mod json;
mod run;
pub mod table;

pub use run::{Report, write};
