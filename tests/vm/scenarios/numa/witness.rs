//! What the cases about memory share.
#![allow(unsafe_code)] // Processes that share pages.

use std::ptr;

use bedplate::mem::Mapping;
use bedplate::topo::{NodeSet, Topology, pin_current};

pub use crate::pages::{PAGE, all_on, nodes_of};

pub fn set(nodes: &[usize]) -> NodeSet {
    nodes.iter().copied().collect()
}

/// Runs `then` on a CPU of this node.
pub fn beside(node: usize, then: impl FnOnce()) {
    let machine = Topology::detect().unwrap();
    let pinned = pin_current(&machine.node(node).unwrap().cpus).unwrap();
    then();
    drop(pinned);
}

/// The kernel moves pages for reasons of its own: to the CPUs that use them, and to have huge pages.
pub fn pages_stay_where_they_are_put() {
    for file in ["kernel/numa_balancing", "vm/compaction_proactiveness"] {
        std::fs::write(format!("/proc/sys/{file}"), "0").unwrap();
    }
}

/// A mapping with its own area, of touched pages on `node`, without a policy.
pub fn touched_beside(node: usize, len: usize) -> Mapping {
    let mut region = Mapping::new(len).unwrap();
    beside(node, || region.fill(1));
    assert!(all_on(node, &region), "{:?}", nodes_of(&region));
    region
}

/// A child that has all memory of this process as it is now, until this is dropped.
pub struct Child(libc::pid_t);

impl Child {
    pub fn new() -> Self {
        // SAFETY: the child waits until it is killed, by a call that a child of a process with threads may make.
        let child = unsafe { libc::fork() };
        if child == 0 {
            loop {
                // SAFETY: takes nothing.
                unsafe { libc::pause() };
            }
        }
        assert!(child > 0);
        Self(child)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: the child is this process's, and nobody else waits for it.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, ptr::null_mut(), 0);
        }
    }
}
