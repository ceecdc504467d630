//! Where pages are, asked of the kernel by a call of its own, so that the crate is not its own witness.
#![allow(unsafe_code)] // That call.

use std::ops::Range;
use std::ptr;

pub const PAGE: usize = 4096;

/// What the kernel says of each page of a region: a node, or a negative error number.
pub fn nodes_of(region: &[u8]) -> Vec<i32> {
    nodes_at(region.as_ptr().addr()..region.as_ptr().addr() + region.len())
}

/// As [`nodes_of`], of a range of addresses.
pub fn nodes_at(range: Range<usize>) -> Vec<i32> {
    let pages: Vec<usize> = (range.start / PAGE * PAGE..range.end).step_by(PAGE).collect();
    let mut places = vec![i32::MIN; pages.len()];
    let no_nodes = ptr::null::<i32>();
    // Pages that the kernel moves just then are said not to be there.
    for _ in 0..1000 {
        let (count, at, to) = (pages.len(), pages.as_ptr(), places.as_mut_ptr());
        // SAFETY: the kernel writes a number for each address, of which there are as many.
        let result = unsafe { libc::syscall(libc::SYS_move_pages, 0, count, at, no_nodes, to, 0) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
        if !places.contains(&-libc::ENOENT) {
            break;
        }
        std::thread::yield_now();
    }
    places
}

pub fn all_on(node: usize, region: &[u8]) -> bool {
    nodes_of(region).iter().all(|found| *found == i32::try_from(node).unwrap())
}
