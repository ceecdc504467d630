#![cfg(feature = "stats")]

mod counter;
mod gauge;
mod histogram;
