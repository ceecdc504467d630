#![cfg(feature = "topo")]
#![cfg(target_os = "linux")]

mod affinity;
mod alone;
mod cgroup;
#[cfg(feature = "core_affinity")]
mod core_affinity;
#[cfg(feature = "hwloc")]
mod cross_check;
mod degraded;
mod devices;
// The architectures whose filters are known here.
mod area;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[path = "../support/filter.rs"]
mod filter;
mod garbage;
mod groups;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod hostile;
mod kinds;
mod mem_policy;
mod migration;
mod nodes;
mod pin;
mod placement;
mod reference;
mod region;
mod residency;
#[cfg(feature = "serde")]
mod serde;
mod sets;
mod snapshots;
mod synthetic;
mod topology;
mod traps;
mod tree;
mod workers;
