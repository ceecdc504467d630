use bedplate::Demand;
use bedplate::topo::{Existing, MemPolicy, NodeSet, PolicyError, bind_region, region_policy};

use crate::area::{Area, names, page, usable_nodes};

#[test]
fn only_whole_pages_are_bound() {
    let (Some(nodes), page) = (usable_nodes(), page()) else { return };
    let policy = MemPolicy::Preferred(nodes.first().unwrap());
    let at = |area: &Area, pages: usize| region_policy(&area[pages * page..][..1]).unwrap();
    // Where a region begins and ends in pages of ten, and which of them are bound.
    let cases = [
        (0..10 * page, 0..10),
        (1..10 * page, 1..10),
        (0..10 * page - 1, 0..9),
        (page / 2..page * 7 / 2, 1..3),
        (3 * page..4 * page, 3..4),
    ];
    for (region, bound) in cases {
        let area = Area::of(10);
        let binding = bind_region(&area[region.clone()], &policy, Existing::Leave, Demand::Require).unwrap();
        assert_eq!(binding.covered, bound.start * page - region.start..bound.end * page - region.start);
        assert_eq!(binding.effective.as_ref(), Some(&policy));
        for at_page in 0..10 {
            let expected = if bound.contains(&at_page) { &policy } else { &MemPolicy::Default };
            assert_eq!(&at(&area, at_page), expected, "page {at_page} of {region:?}");
        }
    }
}

#[test]
fn a_region_without_a_whole_page_is_an_error() {
    let (Some(nodes), page) = (usable_nodes(), page()) else { return };
    let (area, policy) = (Area::of(3), MemPolicy::Bind(nodes));
    for region in [0..0, 0..page - 1, 1..page, 1..2 * page - 1, page + 1..2 * page + 1] {
        let part = &area[region.clone()];
        let refused = bind_region(part, &policy, Existing::Leave, Demand::Require).unwrap_err();
        assert!(matches!(refused, PolicyError::NoWholePage), "{region:?}: {refused}");
        let binding = bind_region(part, &policy, Existing::Move, Demand::Prefer).unwrap();
        assert_eq!((binding.covered, binding.effective), (0..0, None));
        assert!(matches!(binding.refused, Some(PolicyError::NoWholePage)));
    }
    assert_eq!(region_policy(&area).unwrap(), MemPolicy::Default);
    assert_eq!(region_policy(&[]).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn the_last_policy_counts_and_the_default_takes_it_away() {
    let Some(nodes) = usable_nodes() else { return };
    let area = Area::of(4);
    let node = nodes.first().unwrap();
    let policies =
        [MemPolicy::Bind(nodes.clone()), MemPolicy::Interleave(nodes), MemPolicy::Preferred(node), MemPolicy::Local];
    for policy in policies.iter().chain([&MemPolicy::Default]) {
        for existing in [Existing::Leave, Existing::Move, Existing::MustMatch] {
            let binding = bind_region(&area, policy, existing, Demand::Require).unwrap();
            assert_eq!(binding.effective.as_ref(), Some(policy));
            assert!(binding.refused.is_none() && binding.dropped.is_empty());
            assert_eq!(&region_policy(&area).unwrap(), policy);
        }
    }
}

#[test]
fn pages_that_are_there_match_where_all_nodes_will_do() {
    let Some(nodes) = usable_nodes() else { return };
    let area = Area::touched(40);
    for existing in [Existing::MustMatch, Existing::Move] {
        let binding = bind_region(&area, &MemPolicy::Bind(nodes.clone()), existing, Demand::Require).unwrap();
        assert!(binding.refused.is_none());
    }
    // Without nodes nothing has to match, though nothing is on none.
    for policy in [MemPolicy::Local, MemPolicy::Default] {
        bind_region(&area, &policy, Existing::MustMatch, Demand::Require).unwrap();
        bind_region(&area, &policy, Existing::Move, Demand::Require).unwrap();
    }
    assert!(area.iter().all(|byte| *byte == 1));
}

#[test]
fn missing_nodes_are_told() {
    let Some(nodes) = usable_nodes() else { return };
    let area = Area::of(4);
    let some = MemPolicy::Interleave(&nodes | &NodeSet::single(1023));
    let refused = bind_region(&area, &some, Existing::Leave, Demand::Require).unwrap_err();
    assert!(names(&refused, &[1023]), "{refused}");
    assert_eq!(region_policy(&area).unwrap(), MemPolicy::Default);
    let binding = bind_region(&area, &some, Existing::Leave, Demand::Prefer).unwrap();
    assert_eq!((binding.effective, binding.dropped), (Some(MemPolicy::Interleave(nodes)), NodeSet::single(1023)));
    let binding = bind_region(&area, &MemPolicy::Preferred(1023), Existing::Leave, Demand::Prefer).unwrap();
    assert!(binding.effective.is_none() && names(&binding.refused.unwrap(), &[1023]));
}

#[test]
fn off_does_nothing() {
    let binding = bind_region(&[0; 3], &MemPolicy::Bind(NodeSet::new()), Existing::MustMatch, Demand::Off).unwrap();
    assert!(binding.effective.is_none() && binding.refused.is_none() && binding.dropped.is_empty());
}

#[test]
fn memory_that_is_only_read_can_be_bound() {
    static CONSTANTS: [u8; 1 << 16] = [7; 1 << 16];
    let Some(nodes) = usable_nodes() else { return };
    let policy = MemPolicy::Bind(nodes);
    let binding = bind_region(&CONSTANTS, &policy, Existing::Leave, Demand::Require).unwrap();
    assert_eq!(binding.effective, Some(policy));
    bind_region(&CONSTANTS, &MemPolicy::Default, Existing::Leave, Demand::Require).unwrap();
    assert!(CONSTANTS.iter().all(|byte| *byte == 7));
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn a_region_goes_on_without_where_it_may_not_be_bound() {
    use crate::area::is_refusal;
    std::thread::scope(|s| {
        s.spawn(|| {
            if usable_nodes().is_none() || crate::filter::refuse(&[libc::SYS_mbind]).is_err() {
                return println!("skipped: no policies, or no filters");
            }
            let area = Area::of(4);
            for policy in [MemPolicy::Local, MemPolicy::Preferred(0), MemPolicy::PreferredMany(NodeSet::single(0))] {
                let refused = bind_region(&area, &policy, Existing::Move, Demand::Require).unwrap_err();
                assert!(is_refusal(&refused), "{refused}");
                let binding = bind_region(&area, &policy, Existing::Move, Demand::Prefer).unwrap();
                assert!(is_refusal(&binding.refused.unwrap()));
                assert_eq!((binding.effective, binding.dropped), (None, policy.nodes()));
            }
        });
    });
}
