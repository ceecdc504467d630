//! Where memory comes from: the policies of threads and of addresses, the nodes that pages are on, and moving them.
#![allow(unsafe_code)] // rustix has none of these calls, and libc only their numbers.

use std::ffi::{c_int, c_long, c_ulong};
use std::io;
use std::ops::Range;
use std::ptr;

/// The modes of a policy.
pub(crate) mod mode {
    use std::ffi::c_int;

    pub(crate) const DEFAULT: c_int = libc::MPOL_DEFAULT;
    pub(crate) const PREFERRED: c_int = libc::MPOL_PREFERRED;
    pub(crate) const BIND: c_int = libc::MPOL_BIND;
    pub(crate) const INTERLEAVE: c_int = libc::MPOL_INTERLEAVE;
    pub(crate) const LOCAL: c_int = libc::MPOL_LOCAL;
    /// libc has no names for these (`linux/mempolicy.h`): Linux 5.15 and 6.9.
    pub(crate) const PREFERRED_MANY: c_int = 5;
    pub(crate) const WEIGHTED_INTERLEAVE: c_int = 6;
}

/// What a mode may have beside it; the rest is the mode proper.
const MODE_FLAGS: c_int = libc::MPOL_F_STATIC_NODES | libc::MPOL_F_RELATIVE_NODES | libc::MPOL_F_NUMA_BALANCING;

/// Of `get_mempolicy`: answer with a node; about an address; with the nodes that the thread may use.
#[cfg(feature = "mem")]
const MPOL_F_NODE: c_ulong = 1 << 0;
const MPOL_F_ADDR: c_ulong = 1 << 1;
const MPOL_F_MEMS_ALLOWED: c_ulong = 1 << 2;

/// Of `mbind` and `move_pages`: an error where pages are elsewhere; move those that no other process uses.
pub(crate) const MPOL_MF_STRICT: c_ulong = 1 << 0;
pub(crate) const MPOL_MF_MOVE: c_ulong = 1 << 1;

/// The most memory nodes that any kernel can be built for (`CONFIG_NODES_SHIFT` is at most 10). A kernel that is built
/// for fewer takes a longer mask too, as long as the bits that it does not know are zero.
const MAX_NODES: usize = 1 << 10;
const WORD: usize = c_ulong::BITS as usize;

/// What the kernel is told of the length of a mask: it reads and writes one bit less than that, which became its
/// interface. Told the true length, it ignores the last node.
const TOLD: c_ulong = MAX_NODES as c_ulong + 1;

/// A set of nodes as the kernel takes it: all that it can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nodes([c_ulong; MAX_NODES / WORD]);

impl Nodes {
    pub(crate) const NONE: Self = Self([0; MAX_NODES / WORD]);

    /// Those of `nodes` that a kernel can know.
    pub(crate) fn of(nodes: impl IntoIterator<Item = usize>) -> Self {
        let mut mask = Self::NONE;
        for node in nodes.into_iter().filter(|node| *node < MAX_NODES) {
            mask.0[node / WORD] |= 1 << (node % WORD);
        }
        mask
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        // By words: nearly all of them are zero.
        let words = self.0.iter().enumerate().filter(|(_, word)| **word != 0);
        words.flat_map(|(at, word)| (0..WORD).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * WORD + bit))
    }
}

/// What the kernel tells of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Node(usize),
    /// Not in memory, or the page of zeros that stands for those that were read and never written to. Which of two
    /// error numbers means which depends on the kernel.
    Absent,
    /// In use by the kernel just now.
    Busy,
    /// In use by other processes too.
    Shared,
    NoMemory,
    /// Another error number, or none at all where the page was not tried.
    Other(i32),
}

/// What stands for a page in an array of places before the kernel writes there: no node, and no error number.
const UNTRIED: c_int = c_int::MIN;

impl Place {
    fn of(status: c_int) -> Self {
        match status.checked_neg() {
            None => Self::Other(0),
            Some(libc::ENOENT | libc::EFAULT) => Self::Absent,
            Some(libc::EBUSY) => Self::Busy,
            Some(libc::EACCES) => Self::Shared,
            Some(libc::ENOMEM) => Self::NoMemory,
            Some(error) => usize::try_from(status).map_or(Self::Other(error), Self::Node),
        }
    }
}

/// A memory policy as the kernel takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The mode, and the flags beside it.
    mode: c_int,
    pub(crate) nodes: Nodes,
}

impl Policy {
    pub(crate) fn new(mode: c_int, nodes: Nodes) -> Self {
        Self { mode, nodes }
    }

    /// The mode without its flags.
    pub(crate) fn mode(&self) -> c_int {
        self.mode & !MODE_FLAGS
    }
}

/// The size of a page, a power of two.
#[inline]
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// Sets the policy of the calling thread.
pub(crate) fn set_thread_policy(policy: &Policy) -> io::Result<()> {
    let mode = c_long::from(policy.mode);
    // SAFETY: the kernel reads the bits that it was told of, less one: all of the mask.
    call(unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, policy.nodes.0.as_ptr(), TOLD) })
}

/// The policy of the calling thread, with the flags that it was set with.
pub(crate) fn thread_policy() -> io::Result<Policy> {
    get(0, 0)
}

/// The policy of the area that has the address, or the default where the area has none of its own.
pub(crate) fn policy_at(address: usize) -> io::Result<Policy> {
    get(address, MPOL_F_ADDR)
}

/// The nodes that the calling thread may take memory of.
pub(crate) fn allowed_nodes() -> io::Result<Nodes> {
    get(0, MPOL_F_MEMS_ALLOWED).map(|policy| policy.nodes)
}

fn get(address: usize, flags: c_ulong) -> io::Result<Policy> {
    let mut policy = Policy::new(libc::MPOL_DEFAULT, Nodes::NONE);
    let (mode, nodes) = (&raw mut policy.mode, policy.nodes.0.as_mut_ptr());
    // SAFETY: the kernel writes an int and the bits that it was told of, less one, to places that have them. The
    // address is only looked up.
    call(unsafe { libc::syscall(libc::SYS_get_mempolicy, mode, nodes, TOLD, address, flags) })?;
    Ok(policy)
}

/// The node of the page at an address, which is faulted in if it is not there.
#[cfg(feature = "mem")]
pub(crate) fn node_at(address: usize) -> io::Result<usize> {
    let mut node: c_int = -1;
    let no_mask = ptr::null_mut::<c_ulong>();
    let flags = MPOL_F_NODE | MPOL_F_ADDR;
    // SAFETY: the kernel writes an int to `node`. The address is looked up, as a read would. The mask and its length
    // may be empty where these flags ask for an address.
    call(unsafe { libc::syscall(libc::SYS_get_mempolicy, &raw mut node, no_mask, 0 as c_ulong, address, flags) })?;
    usize::try_from(node).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Sets the policy of the pages in `range`, which begins and ends with one, and does about those that are there already
/// what `flags` (`MPOL_MF_*`) say.
///
/// Safe for any address: where pages come from, and on which node they are, is no part of what a program reads in them.
pub(crate) fn bind(range: &Range<usize>, policy: &Policy, flags: c_ulong) -> io::Result<()> {
    let (start, len, mode) = (range.start, range.len(), c_long::from(policy.mode));
    // SAFETY: the kernel reads the bits that it was told of, less one: all of the mask. It writes nothing.
    call(unsafe { libc::syscall(libc::SYS_mbind, start, len, mode, policy.nodes.0.as_ptr(), TOLD, flags) })
}

/// Whether the kernel knows the mode of a policy: it looks at that first, and does nothing to an empty range.
pub(crate) fn knows(policy: &Policy) -> bool {
    let nothing = Policy::new(policy.mode(), Nodes::NONE);
    bind(&(0..0), &nothing, 0).map_err(|refused| refused.raw_os_error()) != Err(Some(libc::EINVAL))
}

/// How many pages one call is asked about at most, with an array for each on the stack.
pub(crate) const CHUNK: usize = 512;

/// Tells `each` of at most [`CHUNK`] addresses where its page is, by number.
pub(crate) fn locate(addresses: &[usize], each: impl FnMut(usize, Place)) -> io::Result<()> {
    pages(addresses, None, 0, each)
}

/// Moves the pages of at most [`CHUNK`] addresses to `node`, and tells `each` where they are then, or why they were not
/// moved.
pub(crate) fn move_pages(addresses: &[usize], node: usize, each: impl FnMut(usize, Place)) -> io::Result<()> {
    let node = c_int::try_from(node).map_err(|_| io::Error::from_raw_os_error(libc::ENODEV))?;
    pages(addresses, Some(node), MPOL_MF_MOVE, each)
}

fn pages(addresses: &[usize], to: Option<c_int>, flags: c_ulong, mut each: impl FnMut(usize, Place)) -> io::Result<()> {
    let mut places = [UNTRIED; CHUNK];
    let places = &mut places[..addresses.len()];
    let nodes = [to.unwrap_or(0); CHUNK];
    let nodes = if to.is_some() { nodes.as_ptr() } else { ptr::null() };
    let (count, at) = (addresses.len() as c_ulong, addresses.as_ptr());
    // SAFETY: all arrays have `count` items or more (`places` would have panicked), or the second is null; an address
    // and an integer of its size are alike. The kernel writes to the last alone. Process 0 is this one. A page that
    // moves keeps its content.
    let result =
        unsafe { libc::syscall(libc::SYS_move_pages, 0 as c_long, count, at, nodes, places.as_mut_ptr(), flags) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    places.iter().enumerate().for_each(|(at, status)| each(at, Place::of(*status)));
    Ok(())
}

/// Moves what the process has on the nodes `from` to the nodes `to`. Tells how many pages stayed.
pub(crate) fn migrate(from: &Nodes, to: &Nodes) -> io::Result<usize> {
    let (from, to) = (from.0.as_ptr(), to.0.as_ptr());
    // SAFETY: the kernel reads the bits that it was told of, less one, from both masks. Process 0 is this one. A page
    // that moves keeps its content.
    let stayed = unsafe { libc::syscall(libc::SYS_migrate_pages, 0 as c_long, TOLD, from, to) };
    usize::try_from(stayed).map_err(|_| io::Error::last_os_error())
}

/// Which pages of `range`, which begins with one, are in memory: bit 0 of a byte for each.
pub(crate) fn present(range: &Range<usize>, pages: &mut [u8]) -> io::Result<()> {
    assert_eq!(pages.len(), range.len().div_ceil(page_size()));
    let start = ptr::without_provenance_mut(range.start);
    // SAFETY: the kernel writes a byte for each page, of which there are as many as `pages` has (just checked). The
    // addresses are only looked up.
    match unsafe { libc::mincore(start, range.len(), pages.as_mut_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether `mbind` says that pages are elsewhere.
pub(crate) fn says_misplaced(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EIO)
}

/// Whether `move_pages` says that there is no such node, or none that this process may use.
pub(crate) fn says_no_node(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENODEV | libc::EACCES))
}

fn call(result: c_long) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
