//! Where memory comes from: policies, where pages are, and moving them.

mod existing;
mod mem_policy;
mod migration;
mod numa_maps;
mod page_counts;
mod parse_policy_error;
mod policy_error;
mod policy_guard;
mod process_migration;
mod region;
mod region_binding;
mod residency;
mod settle;
mod unmoved;

pub use existing::Existing;
pub use mem_policy::MemPolicy;
pub use migration::{Migration, migrate};
pub use parse_policy_error::ParsePolicyError;
pub use policy_error::PolicyError;
pub use policy_guard::{PolicyGuard, set_thread_policy, thread_policy};
pub use process_migration::{ProcessMigration, migrate_process};
pub use region::{bind_region, region_policy};
pub use region_binding::RegionBinding;
pub use residency::{Residency, ResidencySource, residency};
pub use unmoved::Unmoved;

#[cfg(feature = "mem")]
pub(crate) use page_counts::PageCounts;
#[cfg(feature = "mem")]
pub(crate) use region::bind_pages;

#[cfg(test)]
mod tests;
