//! The machine: its CPUs, caches and memory nodes, and binding threads to them.
//!
//! [`Topology::detect`] reads what the kernel tells of the machine; [`pin_current`] binds the calling thread to a
//! [`CpuSet`] until its guard is dropped; [`current_cpu`] and [`current_node`] tell where the thread is.
//!
//! CPUs and nodes go by the kernel's numbers, which may have gaps.

mod bits;
mod core;
mod cpu;
mod cpu_set;
mod discovery;
mod files;
mod id_set;
mod l3_domain;
mod node;
mod node_set;
mod package;
mod parse_set_error;
mod pin;
mod pin_error;
mod topology;
mod topology_builder;
mod warning;

#[cfg(feature = "core_affinity")]
mod core_affinity;
#[cfg(feature = "hwloc")]
mod cross_check;

pub use self::core::Core;
#[cfg(feature = "core_affinity")]
pub use self::core_affinity::NotOneCpu;
pub use bits::Ids;
pub use cpu::Cpu;
pub use cpu_set::CpuSet;
#[cfg(feature = "hwloc")]
pub use cross_check::{CrossCheck, CrossCheckError, Tally};
pub use l3_domain::L3Domain;
pub use node::Node;
pub use node_set::NodeSet;
pub use package::Package;
pub use parse_set_error::ParseSetError;
pub use pin::{PinGuard, allowed_cpus, current_cpu, current_node, pin_current};
pub use pin_error::PinError;
pub use topology::Topology;
pub use topology_builder::TopologyBuilder;
pub use warning::Warning;
