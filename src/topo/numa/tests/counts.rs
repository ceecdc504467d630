use std::io::ErrorKind;

use crate::sys::numa::{Nodes, Policy, mode, page_size, set_thread_policy};
use crate::topo::numa::page_counts::{PageCounts, for_each_chunk};

#[test]
fn every_step_is_asked_about_once_in_parts_of_a_call() {
    for pages in [0, 1, 511, 512, 513, 1024, 1300] {
        for step in [4096, 1 << 21] {
            let range = 1 << 30..(1 << 30) + pages * step;
            let mut seen = Vec::new();
            for_each_chunk(&range, step, |chunk| {
                assert!(!chunk.is_empty() && chunk.len() <= 512);
                seen.extend_from_slice(chunk);
                Ok(())
            })
            .unwrap();
            assert!(seen.iter().copied().eq(range.step_by(step)), "{pages} pages of {step}");
        }
    }
}

#[test]
fn counts_are_by_node() {
    let mut counts = PageCounts::default();
    for (node, pages) in [(3, 2), (0, 5), (7, 0), (3, 1)] {
        counts.add_pages(node, pages);
    }
    assert_eq!(counts.on, [(0, 5), (3, 3)]);
    assert!(counts.is_complete() && !PageCounts::default().is_complete());
    counts.absent = 2;
    assert!(!counts.is_complete());
    assert_eq!((counts.on(3), counts.on(7), counts.present(), counts.total()), (3, 0, 8, 10));
    assert_eq!(counts.nodes().to_string(), "0,3");
}

/// On a kernel without nodes; one that has some knows what is in memory all the same.
#[test]
fn what_is_in_memory_is_told_without_nodes_too() {
    let page = page_size();
    let memory = vec![1_u8; 1000 * page];
    let start = memory.as_ptr().addr().next_multiple_of(page);
    let counts = PageCounts::in_core(&(start..start + 900 * page)).unwrap();
    assert_eq!((counts.on.as_slice(), counts.absent), ([(0, 900)].as_slice(), 0));
    // So much comes from the kernel each time: less may be memory that another test gave back, whose pages are there.
    let untouched: Vec<u8> = Vec::with_capacity(64 << 20);
    let start = untouched.as_ptr().addr().next_multiple_of(page) + page;
    let counts = PageCounts::in_core(&(start..start + 700 * page)).unwrap();
    assert_eq!((counts.on.as_slice(), counts.absent), ([].as_slice(), 700));
}

/// A preference for no node at all is the policy `Local`, so it would be granted if the last node were left out. No
/// machine has that one.
#[test]
fn the_last_node_of_a_mask_counts() {
    let last = Policy::new(mode::PREFERRED, Nodes::of([1023]));
    let refused = std::thread::spawn(move || set_thread_policy(&last).unwrap_err()).join().unwrap();
    let kinds = [ErrorKind::InvalidInput, ErrorKind::PermissionDenied, ErrorKind::Unsupported];
    assert!(kinds.contains(&refused.kind()), "{refused}");
}

#[test]
fn a_mask_holds_what_a_kernel_can_know() {
    let nodes = [0, 31, 32, 63, 64, 1022, 1023];
    assert_eq!(Nodes::of(nodes).iter().collect::<Vec<_>>(), nodes);
    assert_eq!(Nodes::of([1024, usize::MAX]), Nodes::NONE);
}
