//! Pages that move.
#![allow(unsafe_code)] // A page is lent to the kernel.

use std::io::Read;
use std::os::fd::AsRawFd;

use bedplate::Demand;
use bedplate::mem::{HugePages, Mapping};
use bedplate::topo::{
    Existing, MemPolicy, PolicyError, Unmoved, bind_region, migrate, migrate_process, region_policy, residency,
};

use super::witness::{Child, PAGE, all_on, beside, nodes_of, set, touched_beside};

pub fn pages_move() {
    let mut region = touched_beside(0, 100 * PAGE);
    region.discard(10 * PAGE..20 * PAGE).unwrap();
    assert!(region[10 * PAGE..15 * PAGE].iter().all(|byte| *byte == 0));
    let found = residency(&region).unwrap();
    assert_eq!((found.on, found.absent), (vec![(0, 90)], 10));
    let report = migrate(&region[40 * PAGE..], 1, Demand::Require).unwrap();
    assert_eq!((report.moved, report.already, report.absent), (60, 0, 0));
    let report = migrate(&region, 1, Demand::Require).unwrap();
    assert_eq!((report.moved, report.already, report.absent), (30, 60, 10));
    assert_eq!(residency(&region).unwrap().on, [(1, 90)]);
    let content = |at: usize| u8::from(!(10..20).contains(&(at / PAGE)));
    assert!(region.iter().enumerate().all(|(at, byte)| *byte == content(at)));
    // More than one call's worth.
    let region = touched_beside(1, 1500 * PAGE);
    assert_eq!(migrate(&region, 0, Demand::Require).unwrap().moved, 1500);
    assert!(all_on(0, &region));
}

pub fn huge_pages_move() {
    for kind in [HugePages::Transparent, HugePages::HugeTlb(2 << 20)] {
        let mut region =
            Mapping::builder(4 << 20).huge_pages(kind, Demand::Require).node(0, Demand::Prefer).build().unwrap();
        region.fill(3);
        let report = migrate(&region, 1, Demand::Prefer).unwrap();
        assert_eq!((report.moved, report.unmoved.len()), (1024, 0), "{kind:?}: {report:?}");
        assert!(all_on(1, &region) && region.iter().all(|byte| *byte == 3));
    }
}

pub fn pages_that_others_have_stay() {
    let region = touched_beside(0, 8 * PAGE);
    let child = Child::new();
    let report = migrate(&region, 1, Demand::Prefer).unwrap();
    let required = migrate(&region, 1, Demand::Require);
    let binding = bind_region(&region, &MemPolicy::Bind(set(&[1])), Existing::Move, Demand::Prefer).unwrap();
    drop(child);
    assert_eq!((report.moved, report.unmoved), (0, vec![(Unmoved::Shared, 8)]));
    assert!(matches!(required, Err(PolicyError::Misplaced)));
    assert!(all_on(0, &region));
    // The policy holds all the same, for pages to come.
    assert!(matches!(binding.refused, Some(PolicyError::Misplaced)));
    assert_eq!(region_policy(&region).unwrap(), MemPolicy::Preferred(1));
    assert_eq!(migrate(&region, 1, Demand::Require).unwrap().moved, 8);
}

/// The kernel gives up after a page that it could not move, where one follows that it does not try.
pub fn a_page_that_is_held_by_the_kernel_stays_alone() {
    let mut region = touched_beside(0, 64 * PAGE);
    let child = Child::new();
    // All but one are its own again.
    beside(0, || {
        region[..40 * PAGE].fill(2);
        region[41 * PAGE..].fill(2);
    });
    let (mut reader, writer) = std::io::pipe().unwrap();
    let page = libc::iovec { iov_base: region[20 * PAGE..].as_ptr().cast_mut().cast(), iov_len: PAGE };
    // SAFETY: the pipe refers to a page of the region, which outlives it, and which is not written to meanwhile.
    let spliced = unsafe { libc::vmsplice(writer.as_raw_fd(), &raw const page, 1, 0) };
    assert_eq!(spliced, PAGE as isize);
    let report = migrate(&region, 1, Demand::Prefer).unwrap();
    assert_eq!((report.moved, report.unmoved), (62, vec![(Unmoved::Other(0), 1), (Unmoved::Shared, 1)]));
    let expected: Vec<_> = (0..64).map(|at| i32::from(![20, 40].contains(&at))).collect();
    assert_eq!(nodes_of(&region), expected);
    assert!(matches!(migrate(&region, 1, Demand::Require), Err(PolicyError::Misplaced)));
    drop(writer);
    let mut content = Vec::new();
    reader.read_to_end(&mut content).unwrap();
    assert_eq!(content, [2; PAGE]);
    drop(child);
    assert_eq!(migrate(&region, 1, Demand::Require).unwrap().moved, 2);
}

pub fn a_process_moves() {
    let region = touched_beside(0, 64 * PAGE);
    let report = migrate_process(&set(&[0]), &set(&[1]), Demand::Prefer).unwrap();
    assert!(report.refused.is_none());
    assert!(all_on(1, &region), "{report:?}");
    // A node that this kernel is not built for has nothing to move, even beside one that has.
    let report = migrate_process(&set(&[1, 1023, 5000]), &set(&[0]), Demand::Prefer).unwrap();
    assert!(report.refused.is_none(), "{report:?}");
    assert!(all_on(0, &region), "{report:?}: {:?}", nodes_of(&region));
}

pub fn a_process_moves_node_by_node() {
    let [first, second] = [0, 1].map(|node| touched_beside(node, 32 * PAGE));
    let report = migrate_process(&set(&[0, 1]), &set(&[2, 3]), Demand::Prefer).unwrap();
    assert!(report.refused.is_none());
    assert!(all_on(2, &first) && all_on(3, &second), "{report:?}");
}
