//! The guests and what is looked at in each.

mod all;
mod cgroup;
mod isolated;
mod numa;
mod nvme;
mod offline;
mod ordinary;
mod power;
mod scenario;
mod topology;
mod workers;

pub use all::{find, print};
pub use scenario::{Case, Scenario};
