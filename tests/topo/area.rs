//! Memory with an area of its own in the kernel's books.
#![allow(unsafe_code)] // Mapped by hand: nothing has touched it, and nothing else is in its pages.

use std::io;
use std::ops::{Deref, DerefMut};
use std::ptr;

use bedplate::topo::{NodeSet, PolicyError, Topology};

/// Some pages that nothing has touched.
pub struct Area {
    at: *mut u8,
    len: usize,
}

impl Area {
    pub fn of(pages: usize) -> Self {
        let len = pages * page();
        let (rights, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping touches no other.
        let at = unsafe { libc::mmap(ptr::null_mut(), len, rights, flags, -1, 0) };
        assert_ne!(at, libc::MAP_FAILED, "{}", io::Error::last_os_error());
        // Small pages, so that one that is touched does not bring others.
        // SAFETY: the range was mapped just now; the advice changes no content.
        unsafe { libc::madvise(at, len, libc::MADV_NOHUGEPAGE) };
        Self { at: at.cast(), len }
    }

    pub fn touched(pages: usize) -> Self {
        let mut area = Self::of(pages);
        area.fill(1);
        area
    }
}

impl Deref for Area {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: mapped for as long as this lives, and zero at first.
        unsafe { std::slice::from_raw_parts(self.at, self.len) }
    }
}

impl DerefMut for Area {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and this is the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.len) }
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: nothing refers to it any more.
        unsafe { libc::munmap(self.at.cast(), self.len) };
    }
}

pub fn page() -> usize {
    // SAFETY: takes a number and answers with one.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Nodes that memory may be had of; `None`, and a line that says so, where policies are refused here.
pub fn usable_nodes() -> Option<NodeSet> {
    match bedplate::topo::thread_policy() {
        Ok(_) => Some(Topology::detect().unwrap().allowed_nodes().clone()),
        Err(error) => {
            println!("skipped: no memory policies here: {error}");
            None
        }
    }
}

/// Whether the error is that exactly these nodes cannot be had.
pub fn names(error: &PolicyError, nodes: &[usize]) -> bool {
    matches!(error, PolicyError::NotAllowed { nodes: named } if named.iter().eq(nodes.iter().copied()))
}

/// Whether a filter is what refused.
pub fn is_refusal(error: &PolicyError) -> bool {
    matches!(error, PolicyError::System(error) if error.kind() == io::ErrorKind::PermissionDenied)
}
