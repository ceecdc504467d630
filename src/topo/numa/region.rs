use std::ffi::c_ulong;
use std::io;
use std::ops::Range;

use super::settle::{Settled, settle};
use super::{Existing, MemPolicy, PolicyError, RegionBinding};
use crate::sys::Demand;
use crate::sys::numa::{self, MPOL_MF_MOVE, MPOL_MF_STRICT, Policy};
use crate::topo::NodeSet;

/// Lets the pages of `region` come from where `policy` says when they are first touched, and does about those that are
/// there what `existing` says.
///
/// Only the pages that lie in the region as a whole are bound: those at its ends hold other data too. The policy
/// belongs to the addresses, not to the slice: it goes before the thread's policy, and ends with the mapping, not with
/// the region. Memory of an allocator may serve something else later, with the policy still on it, so this is for
/// memory that is mapped for the purpose; a [`Mapping`](../mem/struct.Mapping.html) is bound as it is made. Each call
/// may divide the kernel's description of the mapping in three, of which a process may have 65,530
/// (`vm.max_map_count`). Of a mapped file, the policy is for pages that a private mapping copies, and not for those of
/// the page cache; in shared memory (`memfd`, `tmpfs`) it is for all who map it.
///
/// - [`Demand::Require`]: all nodes of the policy, or an error.
/// - [`Demand::Prefer`]: those of its nodes that can be had. [`Bind`](MemPolicy::Bind) is set as a preference, since
///   the kernel kills a process where bound nodes run out. What was refused is told by the result.
/// - [`Demand::Off`]: does nothing.
///
/// # Errors
///
/// Only where the policy is required. The region is as it was then, unless a variant says otherwise.
///
/// - [`PolicyError::NoWholePage`] where the region has none.
/// - [`PolicyError::Empty`] and [`PolicyError::NoSuchNode`] for a policy that no machine could have.
/// - [`PolicyError::NotAllowed`] where a node does not exist, has no memory, or is not allowed for the thread.
/// - [`PolicyError::Unsupported`] where the kernel does not know the policy.
/// - [`PolicyError::Misplaced`] where pages are elsewhere, as [`Existing`] tells.
/// - [`PolicyError::System`] where the kernel refuses altogether, as in many containers. `InvalidInput` in it is a part
///   of a HugeTLB page.
///
/// ```
/// use bedplate::Demand;
/// use bedplate::topo::{Existing, MemPolicy, bind_region, current_node, region_policy};
///
/// let region = vec![0; 1 << 20];
/// let local = MemPolicy::Preferred(current_node()?);
/// let bound = bind_region(&region, &local, Existing::Leave, Demand::Prefer)?;
/// assert!(bound.covered.len() >= (1 << 20) - 2 * 65_536);
/// if bound.refused.is_none() {
///     assert_eq!(region_policy(&region[bound.covered])?, local);
/// }
/// # // The allocator's again.
/// # bind_region(&region, &MemPolicy::Default, Existing::Leave, Demand::Prefer)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn bind_region(
    region: &[u8],
    policy: &MemPolicy,
    existing: Existing,
    demand: Demand,
) -> Result<RegionBinding, PolicyError> {
    let pages = whole_pages(region);
    let start = region.as_ptr().addr();
    let covered = if pages.is_empty() { 0..0 } else { pages.start - start..pages.end - start };
    let mut binding = RegionBinding { covered, effective: None, dropped: NodeSet::new(), refused: None };
    if !demand.wanted() {
        return Ok(binding);
    }
    let settled = match existing {
        _ if pages.is_empty() => Err(PolicyError::NoWholePage),
        // The kernel looks for pages that are on none of the policy's nodes: without nodes, all would be such.
        Existing::MustMatch if !policy.nodes().is_empty() => bind_with(&pages, policy, MPOL_MF_STRICT, demand),
        _ => bind_pages(&pages, policy, demand),
    };
    match settled {
        Ok(settled) => {
            if existing == Existing::Move {
                binding.refused = move_to(&pages, &settled.effective).err();
            }
            binding.effective = Some(settled.effective);
            binding.dropped = settled.dropped;
        }
        Err(refused) => {
            binding.dropped = policy.nodes();
            binding.refused = Some(refused);
        }
    }
    match binding.refused {
        Some(refused) if demand.required() => Err(refused),
        _ => Ok(binding),
    }
}

/// The policy of the mapping that `region` begins in, there: [`MemPolicy::Default`] where it has none of its own, so
/// that the thread's counts. One system call.
///
/// # Errors
///
/// `InvalidInput` for an empty region, `Unsupported` where the kernel was built without nodes or tells of a policy that
/// is not known here, and what the kernel says where it refuses, as in many containers.
pub fn region_policy(region: &[u8]) -> io::Result<MemPolicy> {
    if region.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "an empty region has no policy"));
    }
    MemPolicy::from_raw(&numa::policy_at(region.as_ptr().addr())?)
}

/// Sets the policy of a range of addresses, whole pages, for what is not there yet.
pub(crate) fn bind_pages(pages: &Range<usize>, policy: &MemPolicy, demand: Demand) -> Result<Settled, PolicyError> {
    bind_with(pages, policy, 0, demand)
}

fn bind_with(pages: &Range<usize>, policy: &MemPolicy, flags: c_ulong, demand: Demand) -> Result<Settled, PolicyError> {
    let set = |policy: &Policy| numa::bind(pages, policy, flags);
    settle(policy, demand, set, || numa::policy_at(pages.start)).map_err(|error| match error {
        PolicyError::System(error) => refusal(error),
        other => other,
    })
}

/// Moves the pages that are there to where the policy says, which is set already.
fn move_to(pages: &Range<usize>, policy: &MemPolicy) -> Result<(), PolicyError> {
    // Not both at once: Linux 6.1 says nothing of pages that it does not move because others have them too.
    let moved = numa::bind(pages, &policy.to_raw(), MPOL_MF_MOVE);
    let matching = moved.and_then(|()| match policy.nodes().is_empty() {
        true => Ok(()),
        false => numa::bind(pages, &policy.to_raw(), MPOL_MF_STRICT),
    });
    matching.map_err(refusal)
}

fn refusal(error: io::Error) -> PolicyError {
    if numa::says_misplaced(&error) { PolicyError::Misplaced } else { PolicyError::of(error) }
}

/// The addresses of the pages that lie in `region` as a whole; empty where none does.
fn whole_pages(region: &[u8]) -> Range<usize> {
    let page = numa::page_size();
    let start = region.as_ptr().addr();
    // A slice ends before the last page of the addresses, where the kernel lives.
    start.next_multiple_of(page)..(start + region.len()) / page * page
}
