#![cfg(feature = "topo")]
#![cfg(target_os = "linux")]

#[cfg(feature = "core_affinity")]
mod core_affinity;
#[cfg(feature = "hwloc")]
mod cross_check;
mod pin;
mod sets;
mod snapshots;
mod topology;
