use crate::mem::wishes::{is_even, is_on_nodes_of};
use crate::sys::memory::page_size;
use crate::topo::{MemPolicy, NodeSet, PageCounts};

fn found(on: &[(usize, usize)], absent: usize) -> PageCounts {
    PageCounts { on: on.to_vec(), absent, unknown: 0 }
}

fn interleaved(nodes: impl IntoIterator<Item = usize>) -> MemPolicy {
    MemPolicy::Interleave(nodes.into_iter().collect())
}

#[test]
fn pages_are_where_a_policy_says_if_all_are_on_its_nodes() {
    let nodes = NodeSet::from([1, 3]);
    for policy in
        [MemPolicy::Bind(nodes.clone()), MemPolicy::PreferredMany(nodes.clone()), MemPolicy::Interleave(nodes)]
    {
        assert!(is_on_nodes_of(&policy, &found(&[(1, 5)], 0)));
        assert!(is_on_nodes_of(&policy, &found(&[(1, 5), (3, 1)], 0)));
        assert!(!is_on_nodes_of(&policy, &found(&[(1, 5), (2, 1)], 0)));
        assert!(!is_on_nodes_of(&policy, &found(&[(1, 5)], 1)));
        assert!(!is_on_nodes_of(&policy, &found(&[], 0)));
    }
    assert!(is_on_nodes_of(&MemPolicy::Local, &found(&[(0, 1), (7, 9)], 0)));
    assert!(!is_on_nodes_of(&MemPolicy::Preferred(0), &found(&[(0, 1), (7, 9)], 0)));
}

#[test]
fn each_node_has_its_share_to_within_a_page() {
    let page = page_size();
    let range = 0..101 * page;
    let even = |on: &[(usize, usize)]| is_even(&interleaved([0, 1]), &found(on, 0), &range, page);
    assert!(even(&[(0, 51), (1, 50)]) && even(&[(0, 50), (1, 51)]));
    assert!(!even(&[(0, 52), (1, 49)]));
    assert!(!even(&[(0, 101)]));
    // A node of the policy that has none.
    assert!(!is_even(&interleaved([0, 1, 2]), &found(&[(0, 51), (1, 50)], 0), &range, page));
    assert!(is_even(&interleaved([0, 1, 2]), &found(&[(0, 1), (1, 1)], 0), &(0..2 * page), page));
    assert!(is_even(&MemPolicy::Bind(NodeSet::from([0, 1])), &found(&[(0, 101)], 0), &range, page));
}

#[test]
fn shares_differ_by_a_huge_page_where_there_may_be_one() {
    let page = page_size();
    let Some(huge) = crate::sys::memory::huge_page_size() else { return };
    let small = huge / page;
    let shares = |more, start| {
        let range = start..start + 4 * huge;
        is_even(&interleaved([0, 1]), &found(&[(0, 2 * small + more), (1, 2 * small - more)], 0), &range, page)
    };
    assert!(shares(small / 2, 0) && !shares(small / 2 + 1, 0));
    // Asked by the huge page, each counts for one.
    assert!(is_even(&interleaved([0, 1]), &found(&[(0, 3), (1, 2)], 0), &(0..5 * huge), huge));
    assert!(!is_even(&interleaved([0, 1]), &found(&[(0, 4), (1, 2)], 0), &(0..6 * huge), huge));
    // No huge page begins and ends in the range, though it is as long.
    let range = page..huge + page;
    assert!(!is_even(&interleaved([0, 1]), &found(&[(0, small)], 0), &range, page));
}
