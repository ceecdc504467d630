//! Machines that are made up, by a description.

mod attributes;
mod branch;
mod draft;
mod kind;
mod machine;
mod scanner;
mod synthetic_error;

pub use synthetic_error::SyntheticError;
