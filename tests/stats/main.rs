#![cfg(feature = "stats")]

mod counter;
mod figures;
mod gauge;
mod histogram;
mod interval;
#[cfg(feature = "metrics")]
mod publish;
