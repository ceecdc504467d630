//! What the control groups of the process allow it.

mod group;
mod limits;
mod mount;

pub(in crate::topo) use limits::cgroup_limits;
