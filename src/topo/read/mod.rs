//! How a [`Topology`](super::Topology) is read from the files of the kernel.

mod allowed;
mod caches;
mod cgroup;
mod groups;
mod kinds;
mod machine;
mod nodes;
mod online;
mod owners;

use cgroup::cgroup_limits;
pub(super) use machine::{Whose, read};
