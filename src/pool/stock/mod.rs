//! What is idle in a pool: a magazine for each thread, and a depot under a lock behind them. `docs/pools` tells the protocol.

mod access;
mod depot;
mod item;
mod leaving;
mod magazine;
mod magazines;
mod rest;
mod revocation;
mod revoking;
mod room;
mod shelf;
#[expect(clippy::module_inception, reason = "the type the module is for")]
mod stock;
mod table;

pub(super) use item::Item;
pub(super) use leaving::End;
pub(super) use magazine::CAPACITY as MAGAZINE;
pub(super) use room::Room;
pub(super) use stock::{Look, Stock, Taken};
