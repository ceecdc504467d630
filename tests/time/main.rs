#![cfg(feature = "time")]

mod clock;
mod deadline;
mod instant;
mod manual;
