//! The machine: its CPUs, caches and memory nodes, and binding threads and memory to them.
//!
//! | want | take |
//! |---|---|
//! | to know the machine: cores, caches, nodes, limits, devices | [`Topology::detect`]; another one from a snapshot of its files, or [made up](Topology::synthetic) |
//! | how many threads make sense | [`Topology::suggested_threads`] |
//! | which worker runs where | [`Placement::plan`], a pure function |
//! | threads that run there | [`WorkerSet`] |
//! | the calling thread bound, for as long as a guard lives | [`pin_current`], [`set_thread_policy`] |
//! | another thread, or all of the process | [`set_affinity`], [`set_process_affinity`] |
//! | memory of chosen nodes | [`Mapping`](../mem/struct.Mapping.html) and [`BlockPool`](../pool/struct.BlockPool.html), which are bound before anything touches them; [`bind_region`] |
//! | where pages are, and moving them | [`residency`], [`migrate`] |
//! | where the thread is | [`current_cpu`], [`current_node`] |
//!
//! CPUs and nodes go by the kernel's numbers, which may have gaps. What the kernel may refuse is asked for with a
//! [`Demand`](crate::Demand); what it leaves out without a word is read back and told. `docs/topology` says which files
//! are believed, and why plans come out as they do.

mod affinity;
mod bits;
mod cache;
mod cgroup_limits;
mod cluster;
mod core;
mod core_kind;
mod cpu;
mod cpu_quota;
mod cpu_set;
mod device_tree;
mod devices;
mod die;
mod files;
mod huge_page_pool;
mod id_set;
mod ids;
mod l3_domain;
mod node;
mod node_set;
mod numa;
mod package;
mod parse_set_error;
mod pin;
mod pin_error;
mod place;
mod process_affinity;
mod ranges;
mod read;
mod roots;
mod suggested_threads;
mod synthetic;
mod tid;
mod topology;
mod topology_builder;
mod warning;
mod words;
mod workers;

#[cfg(feature = "core_affinity")]
mod core_affinity;
#[cfg(feature = "hwloc")]
pub mod cross_check;
#[cfg(feature = "serde")]
mod set_serde;

pub use self::core::Core;
#[cfg(feature = "core_affinity")]
pub use self::core_affinity::NotOneCpu;
pub use affinity::{affinity, allowed_cpus, current_cpu, current_node, set_affinity};
pub use cache::{Cache, CacheKind};
pub use cgroup_limits::CgroupLimits;
pub use cluster::Cluster;
pub use core_kind::CoreKind;
pub use cpu::Cpu;
pub use cpu_quota::CpuQuota;
pub use cpu_set::CpuSet;
pub use die::Die;
pub use huge_page_pool::HugePagePool;
pub use ids::Ids;
pub use l3_domain::L3Domain;
pub use node::Node;
pub use node_set::NodeSet;
pub use numa::{
    Existing, MemPolicy, Migration, ParsePolicyError, PolicyError, PolicyGuard, ProcessMigration, RegionBinding,
    Residency, ResidencySource, Unmoved, bind_region, migrate, migrate_process, region_policy, residency,
    set_thread_policy, thread_policy,
};
#[cfg(feature = "mem")]
pub(crate) use numa::{PageCounts, bind_pages};
pub use package::Package;
pub use parse_set_error::ParseSetError;
pub use pin::{PinGuard, pin_current};
pub use pin_error::PinError;
pub use place::{KindChoice, Placement, PlacementError, Plan, Slot, Strategy, Width};
pub use process_affinity::{ProcessAffinity, set_process_affinity};
pub use ranges::Ranges;
pub use synthetic::SyntheticError;
pub use tid::Tid;
pub use topology::Topology;
pub use topology_builder::TopologyBuilder;
pub use warning::Warning;
pub use workers::{ScopedWorkerSet, SpawnError, Worker, WorkerReport, WorkerSet, WorkerSetBuilder};
