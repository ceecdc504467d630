use bedplate::Demand;
use bedplate::topo::{NodeSet, PolicyError, migrate, migrate_process, residency};

use crate::area::{Area, names, page, usable_nodes};

#[test]
fn what_is_on_the_node_stays_there() {
    let Some(nodes) = usable_nodes() else { return };
    let area = Area::touched(1100);
    let [(node, 1100)] = residency(&area).unwrap().on[..] else { return println!("skipped: on several nodes") };
    let report = migrate(&area, node, Demand::Require).unwrap();
    assert_eq!((report.moved, report.already, report.absent, report.unmoved.len()), (0, 1100, 0, 0));
    assert!(report.refused.is_none());
    let report = migrate_process(&nodes, &nodes, Demand::Require).unwrap();
    assert_eq!((report.unmoved, report.refused.is_none()), (0, true));
}

#[test]
fn what_is_not_in_memory_is_no_matter() {
    let Some(nodes) = usable_nodes() else { return };
    let mut area = Area::of(20);
    area[3 * page()] = 1;
    let report = migrate(&area, nodes.first().unwrap(), Demand::Require).unwrap();
    assert_eq!((report.moved + report.already, report.absent), (1, 19));
    let report = migrate(&[], nodes.first().unwrap(), Demand::Require).unwrap();
    assert_eq!((report.moved, report.already, report.absent), (0, 0, 0));
}

#[test]
fn a_node_that_cannot_be_had_is_named() {
    let Some(nodes) = usable_nodes() else { return };
    let area = Area::touched(2);
    for missing in [1023, 12_345, NodeSet::MAX_ID] {
        assert!(names(&migrate(&area, missing, Demand::Require).unwrap_err(), &[missing]));
        // Also where nothing would have to move.
        assert!(names(&migrate(&Area::of(2), missing, Demand::Require).unwrap_err(), &[missing]));
        let report = migrate(&area, missing, Demand::Prefer).unwrap();
        assert!(names(&report.refused.unwrap(), &[missing]));
        assert_eq!((report.moved, report.already, report.absent), (0, 0, 0));
        let to = NodeSet::single(missing);
        assert!(names(&migrate_process(&nodes, &to, Demand::Require).unwrap_err(), &[missing]));
        assert!(names(&migrate_process(&nodes, &to, Demand::Prefer).unwrap().refused.unwrap(), &[missing]));
        let to = &nodes | &to;
        assert!(names(&migrate_process(&nodes, &to, Demand::Require).unwrap_err(), &[missing]));
        assert!(migrate_process(&nodes, &to, Demand::Prefer).unwrap().refused.is_none());
        // Nothing comes from a node that is not there.
        migrate_process(&(&nodes | &NodeSet::single(missing)), &nodes, Demand::Require).unwrap();
    }
    let refused = migrate(&area, usize::MAX, Demand::Require).unwrap_err();
    assert!(matches!(refused, PolicyError::NoSuchNode { node: usize::MAX }));
    for (from, to) in [(NodeSet::new(), nodes.clone()), (nodes, NodeSet::new())] {
        assert!(matches!(migrate_process(&from, &to, Demand::Require), Err(PolicyError::Empty)));
    }
}

#[test]
fn off_does_nothing() {
    let report = migrate(&[1; 100], usize::MAX, Demand::Off).unwrap();
    assert!(report.refused.is_none() && report.moved + report.already + report.absent == 0);
    assert!(migrate_process(&NodeSet::new(), &NodeSet::new(), Demand::Off).unwrap().refused.is_none());
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn what_may_not_be_moved_is_told() {
    use crate::area::is_refusal;
    std::thread::scope(|s| {
        s.spawn(|| {
            let Some(nodes) = usable_nodes() else { return };
            if let Err(error) = crate::filter::refuse(&[libc::SYS_move_pages, libc::SYS_migrate_pages]) {
                return println!("skipped: no filter can be put on: {error}");
            }
            let area = Area::touched(2);
            let node = nodes.first().unwrap();
            assert!(is_refusal(&migrate(&area, node, Demand::Require).unwrap_err()));
            assert!(is_refusal(&migrate(&area, node, Demand::Prefer).unwrap().refused.unwrap()));
            assert!(is_refusal(&migrate_process(&nodes, &nodes, Demand::Require).unwrap_err()));
            assert!(is_refusal(&migrate_process(&nodes, &nodes, Demand::Prefer).unwrap().refused.unwrap()));
        });
    });
}
