use std::io;
use std::marker::PhantomData;

use super::settle::settle;
use super::{MemPolicy, PolicyError};
use crate::sys::Demand;
use crate::sys::numa::{self, Policy};
use crate::topo::NodeSet;

/// Lets the pages that the calling thread touches first come from where `policy` says, until the guard is dropped.
///
/// It decides for pages in addresses that have no policy of their own ([`bind_region`](super::bind_region)), also for
/// those that the kernel takes on the thread's behalf, such as the page cache of a file it reads. Threads that this
/// thread spawns inherit it; memory that an allocator has from before does not move.
/// Four system calls, and one to restore.
///
/// - [`Demand::Require`]: all nodes of the policy, or an error.
/// - [`Demand::Prefer`]: those of its nodes that can be had, and where the kernel refuses, or none can be had, no
///   change: [`PolicyGuard::refused`] tells. [`Bind`](MemPolicy::Bind) is set as a preference, since the kernel kills a
///   process where bound nodes run out. [`PolicyGuard::effective`] and [`PolicyGuard::dropped`] tell what was obtained.
/// - [`Demand::Off`]: does nothing.
///
/// # Errors
///
/// Only where the policy is required. The thread's policy is unchanged then.
///
/// - [`PolicyError::Empty`] and [`PolicyError::NoSuchNode`] for a policy that no machine could have.
/// - [`PolicyError::NotAllowed`] where a node does not exist, has no memory, or is not allowed for the thread.
/// - [`PolicyError::Unsupported`] where the kernel does not know the policy.
/// - [`PolicyError::System`] where it refuses altogether, as in many containers.
///
/// ```
/// use bedplate::Demand;
/// use bedplate::topo::{MemPolicy, NodeSet, set_thread_policy, thread_policy};
///
/// let all = bedplate::topo::Topology::detect()?.node_set();
/// let guard = set_thread_policy(&MemPolicy::Interleave(all), Demand::Prefer)?;
/// match guard.refused() {
///     None => assert_eq!(guard.effective(), Some(&thread_policy()?)),
///     Some(why) => println!("goes on without: {why}"),
/// }
/// drop(guard);
///
/// let missing = MemPolicy::Bind(NodeSet::single(12_345));
/// assert!(set_thread_policy(&missing, Demand::Require).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_thread_policy(policy: &MemPolicy, demand: Demand) -> Result<PolicyGuard, PolicyError> {
    let mut guard =
        PolicyGuard { restore: None, effective: None, dropped: NodeSet::new(), refused: None, not_send: PhantomData };
    if !demand.wanted() {
        return Ok(guard);
    }
    // What cannot be read could not be restored, so this comes first.
    let set = numa::thread_policy().map_err(PolicyError::of).and_then(|previous| {
        // From here on a failure restores it, by the guard's drop.
        guard.restore = Some(previous);
        guard.effective = MemPolicy::from_raw(&previous).ok();
        settle(policy, demand, numa::set_thread_policy, numa::thread_policy)
    });
    match set {
        Ok(settled) => {
            guard.effective = Some(settled.effective);
            guard.dropped = settled.dropped;
            Ok(guard)
        }
        Err(refused) if demand.required() => Err(refused),
        Err(refused) => {
            // Fails where it fails on drop: see there.
            let _ = guard.put_back();
            guard.dropped = policy.nodes();
            guard.refused = Some(refused);
            Ok(guard)
        }
    }
}

/// The policy of the calling thread. One system call.
///
/// Where it was set by other means as relative to what the thread is allowed, the numbers are those that were given.
///
/// # Errors
///
/// `Unsupported` where the kernel was built without nodes or tells of a policy that is not known here, and what the
/// kernel says where it refuses, as in many containers.
pub fn thread_policy() -> io::Result<MemPolicy> {
    MemPolicy::from_raw(&numa::thread_policy()?)
}

/// The calling thread has its memory policy while this lives; dropping it restores the policy that
/// [`set_thread_policy`] found, in full: flags that only other programs set are kept.
///
/// Drop guards in reverse order: each restores what was before it. A leaked guard leaves the policy set. It cannot be
/// sent to another thread:
///
/// ```compile_fail,E0277
/// use bedplate::Demand;
/// use bedplate::topo::{MemPolicy, set_thread_policy};
///
/// let guard = set_thread_policy(&MemPolicy::Local, Demand::Prefer).unwrap();
/// std::thread::spawn(move || drop(guard));
/// ```
#[derive(Debug)]
#[must_use = "the policy holds only while the guard lives; bind it to a name, or `keep` it"]
pub struct PolicyGuard {
    /// What was before, where something was changed.
    restore: Option<Policy>,
    effective: Option<MemPolicy>,
    dropped: NodeSet,
    refused: Option<PolicyError>,
    /// The policy to restore is this thread's.
    not_send: PhantomData<*const ()>,
}

impl PolicyGuard {
    /// The policy that the thread has, as the kernel told it: with the nodes that can be had, and where the policy was
    /// refused the one from before. `None` under [`Demand::Off`], and where the kernel does not tell.
    #[must_use]
    pub fn effective(&self) -> Option<&MemPolicy> {
        self.effective.as_ref()
    }

    /// The nodes that were asked for and are not in the policy that was obtained.
    #[must_use]
    pub fn dropped(&self) -> NodeSet {
        self.dropped.clone()
    }

    /// Why the policy was not obtained; `None` where it was, with whatever nodes, or was not asked for.
    #[must_use]
    pub fn refused(&self) -> Option<&PolicyError> {
        self.refused.as_ref()
    }

    /// Leaves the policy to the thread for good.
    pub fn keep(mut self) {
        self.restore = None;
    }

    /// Restores what was before, as the drop does, and tells whether that could be done.
    ///
    /// # Errors
    ///
    /// What the kernel says: where none of the nodes from before is allowed any more, the policy is what it was.
    pub fn restore(mut self) -> io::Result<()> {
        self.put_back()
    }

    fn put_back(&mut self) -> io::Result<()> {
        self.restore.take().map_or(Ok(()), |previous| numa::set_thread_policy(&previous))
    }
}

impl Drop for PolicyGuard {
    fn drop(&mut self) {
        // Fails where none of the nodes is left by now: then any policy is as good, and the kernel's stands.
        let _ = self.put_back();
    }
}
