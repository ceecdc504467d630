#![allow(unsafe_code)] // What other programs set is set by hand.

use std::ffi::c_ulong;
use std::thread;

use bedplate::Demand;
use bedplate::topo::{MemPolicy, NodeSet, ParsePolicyError, PolicyError, set_thread_policy, thread_policy};
use proptest::prelude::*;

use crate::area::{names, usable_nodes};

/// In a thread of its own, whose policy ends with it.
fn with_nodes(test: impl FnOnce(NodeSet) + Send) {
    thread::scope(|s| {
        s.spawn(|| usable_nodes().map(test));
    });
}

fn any_policy() -> impl Strategy<Value = MemPolicy> {
    let nodes =
        || proptest::collection::vec(0_usize..2000, 1..6).prop_map(|nodes| nodes.into_iter().collect::<NodeSet>());
    prop_oneof![
        Just(MemPolicy::Default),
        Just(MemPolicy::Local),
        (0..NodeSet::MAX_ID).prop_map(MemPolicy::Preferred),
        nodes().prop_map(MemPolicy::Bind),
        nodes().prop_map(MemPolicy::PreferredMany),
        nodes().prop_map(MemPolicy::Interleave),
        nodes().prop_map(MemPolicy::WeightedInterleave),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_policy_reads_as_it_is_written(policy in any_policy()) {
        prop_assert_eq!(policy.to_string().parse(), Ok(policy));
    }
}

#[test]
fn what_is_no_policy_says_why() {
    let why = |text: &str| text.parse::<MemPolicy>().map_err(|error: ParsePolicyError| error.to_string()).unwrap_err();
    for text in ["", "bnd:0", "Bind:0", "bind :0", "interleave=0"] {
        assert!(why(text).starts_with("not one of default, local, bind:0-1,"), "{text}");
    }
    for text in ["bind", "bind:", "preferred", "preferred-many: ", "interleave:", "weighted-interleave"] {
        assert_eq!(why(text), "the policy needs a node", "{text}");
    }
    for text in ["local:", "local:0", "default:1"] {
        assert_eq!(why(text), "this policy takes no nodes", "{text}");
    }
    assert_eq!(why("preferred:0-1"), "this policy takes one node, and preferred-many takes several");
    assert_eq!(why("bind:0,x"), "the nodes: `x` at byte 2 is not a number");
    assert!(std::error::Error::source(&"bind:x".parse::<MemPolicy>().unwrap_err()).is_some());
}

#[test]
fn nodes_are_those_that_the_policy_names() {
    assert_eq!(MemPolicy::Preferred(7).nodes().to_string(), "7");
    assert_eq!(MemPolicy::Bind(NodeSet::from([1, 2])).nodes().to_string(), "1-2");
    assert!(MemPolicy::Local.nodes().is_empty() && MemPolicy::Preferred(usize::MAX).nodes().is_empty());
}

#[test]
fn each_guard_restores_what_was_before_it() {
    with_nodes(|nodes| {
        let node = nodes.first().unwrap();
        assert_eq!(thread_policy().unwrap(), MemPolicy::Default);
        let policies = [
            MemPolicy::Preferred(node),
            MemPolicy::Interleave(nodes.clone()),
            MemPolicy::Local,
            MemPolicy::Bind(nodes.clone()),
            MemPolicy::Default,
            MemPolicy::Bind(NodeSet::single(node)),
        ];
        let mut guards = Vec::new();
        for policy in &policies {
            let guard = set_thread_policy(policy, Demand::Require).unwrap();
            assert_eq!((guard.effective(), guard.dropped()), (Some(policy), NodeSet::new()));
            assert!(guard.refused().is_none());
            assert_eq!(&thread_policy().unwrap(), policy);
            guards.push(guard);
        }
        for before in [MemPolicy::Default].iter().chain(&policies[..5]).rev() {
            guards.pop().unwrap().restore().unwrap();
            assert_eq!(&thread_policy().unwrap(), before);
        }
        // By dropping, too, and also by a panic.
        let unwound = thread::spawn(move || {
            let _guard = set_thread_policy(&MemPolicy::Preferred(node), Demand::Require).unwrap();
            let inner = std::panic::catch_unwind(|| {
                let _guard = set_thread_policy(&MemPolicy::Local, Demand::Require).unwrap();
                panic!("on purpose");
            });
            assert!(inner.is_err());
            thread_policy().unwrap()
        });
        assert_eq!(unwound.join().unwrap(), MemPolicy::Preferred(node));
    });
}

/// Linux 5.15 and 6.9 brought these; others say that they do not know them, and nothing else.
#[test]
fn newer_policies_are_set_or_said_to_be_unknown() {
    with_nodes(|nodes| {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let mut numbers = release.split(['.', '-']).map_while(|number| number.trim().parse::<u32>().ok());
        let release = (numbers.next().unwrap(), numbers.next().unwrap());
        for (policy, since) in
            [(MemPolicy::PreferredMany(nodes.clone()), (5, 15)), (MemPolicy::WeightedInterleave(nodes.clone()), (6, 9))]
        {
            match set_thread_policy(&policy, Demand::Require) {
                Ok(guard) => {
                    assert_eq!((guard.effective(), &thread_policy().unwrap()), (Some(&policy), &policy));
                    drop(guard);
                }
                Err(error) => {
                    assert!(matches!(error, PolicyError::Unsupported) && release < since, "{policy}: {error:?}");
                }
            }
            assert_eq!(thread_policy().unwrap(), MemPolicy::Default);
        }
    });
}

#[test]
fn a_kept_policy_stays() {
    with_nodes(|nodes| {
        let policy = MemPolicy::Bind(nodes);
        set_thread_policy(&policy, Demand::Require).unwrap().keep();
        assert_eq!(thread_policy().unwrap(), policy);
        // And is what a later guard restores, and what threads inherit.
        drop(set_thread_policy(&MemPolicy::Local, Demand::Require).unwrap());
        assert_eq!(thread_policy().unwrap(), policy);
        assert_eq!(thread::spawn(|| thread_policy().unwrap()).join().unwrap(), policy);
    });
}

#[test]
fn missing_nodes_are_an_error_where_all_are_required_and_left_out_otherwise() {
    with_nodes(|nodes| {
        let node = nodes.first().unwrap();
        // One that a kernel can know, one that none can, and the largest that a set holds.
        for missing in [1023, 12_345, NodeSet::MAX_ID] {
            let some = NodeSet::from([node, missing]);
            let none = NodeSet::single(missing);
            let policies = [MemPolicy::Bind, MemPolicy::PreferredMany, MemPolicy::Interleave];
            for policy in policies {
                let refused = set_thread_policy(&policy(some.clone()), Demand::Require).unwrap_err();
                assert!(names(&refused, &[missing]), "{refused}");
                let guard = set_thread_policy(&policy(some.clone()), Demand::Prefer).unwrap();
                assert_eq!(
                    (guard.dropped(), guard.effective().unwrap().nodes()),
                    (none.clone(), NodeSet::single(node))
                );
                assert!(guard.refused().is_none());
                drop(guard);

                let refused = set_thread_policy(&policy(none.clone()), Demand::Require).unwrap_err();
                assert!(names(&refused, &[missing]), "{refused}");
                let guard = set_thread_policy(&policy(none.clone()), Demand::Prefer).unwrap();
                assert!(names(guard.refused().unwrap(), &[missing]));
                assert_eq!((guard.dropped(), guard.effective()), (none.clone(), Some(&MemPolicy::Default)));
                drop(guard);
                assert_eq!(thread_policy().unwrap(), MemPolicy::Default);
            }
            let refused = set_thread_policy(&MemPolicy::Preferred(missing), Demand::Require).unwrap_err();
            let text = format!("node {missing} does not exist, has no memory, or is not allowed");
            assert!(names(&refused, &[missing]) && refused.to_string() == text, "{refused}");
        }
        let refused = set_thread_policy(&MemPolicy::Preferred(usize::MAX), Demand::Require).unwrap_err();
        assert!(matches!(refused, PolicyError::NoSuchNode { node: usize::MAX }));
    });
}

#[test]
fn a_refused_policy_leaves_the_one_before() {
    with_nodes(|nodes| {
        let before = MemPolicy::Interleave(nodes);
        set_thread_policy(&before, Demand::Require).unwrap().keep();
        let missing = MemPolicy::Preferred(1023);
        assert!(set_thread_policy(&missing, Demand::Require).is_err());
        assert_eq!(thread_policy().unwrap(), before);
        let guard = set_thread_policy(&missing, Demand::Prefer).unwrap();
        assert_eq!(guard.effective(), Some(&before));
        drop(guard);
        assert_eq!(thread_policy().unwrap(), before);
    });
}

#[test]
fn a_policy_without_nodes_is_none() {
    for policy in [MemPolicy::Bind, MemPolicy::PreferredMany, MemPolicy::Interleave, MemPolicy::WeightedInterleave] {
        if usable_nodes().is_some() {
            let policy = policy(NodeSet::new());
            assert!(matches!(set_thread_policy(&policy, Demand::Require), Err(PolicyError::Empty)), "{policy}");
            assert!(matches!(set_thread_policy(&policy, Demand::Prefer).unwrap().refused(), Some(PolicyError::Empty)));
        }
    }
}

/// A process is killed where bound nodes run out, which nobody prefers.
#[test]
fn to_bind_is_a_preference_unless_it_is_required() {
    with_nodes(|nodes| {
        let node = nodes.first().unwrap();
        let guard = set_thread_policy(&MemPolicy::Bind(NodeSet::single(node)), Demand::Prefer).unwrap();
        assert_eq!(
            (guard.effective(), thread_policy().unwrap()),
            (Some(&MemPolicy::Preferred(node)), MemPolicy::Preferred(node))
        );
        drop(guard);
        let guard = set_thread_policy(&MemPolicy::PreferredMany(NodeSet::single(node)), Demand::Prefer).unwrap();
        assert!(matches!(guard.effective(), Some(MemPolicy::PreferredMany(_))) || guard.refused().is_some());
    });
}

#[test]
fn off_does_nothing() {
    with_nodes(|nodes| {
        set_thread_policy(&MemPolicy::Bind(nodes), Demand::Require).unwrap().keep();
        let before = thread_policy().unwrap();
        let guard = set_thread_policy(&MemPolicy::Bind(NodeSet::new()), Demand::Off).unwrap();
        assert!(guard.effective().is_none() && guard.dropped().is_empty() && guard.refused().is_none());
        assert_eq!(thread_policy().unwrap(), before);
        guard.restore().unwrap();
        assert_eq!(thread_policy().unwrap(), before);
    });
}

/// `numactl` and others set flags that this crate has no names for.
#[test]
fn flags_of_others_are_restored() {
    let raw = || {
        let (mut mode, mut mask) = (0, [0 as c_ulong; 1024 / c_ulong::BITS as usize]);
        let (no_address, no_flags) = (0_usize, 0_usize);
        // SAFETY: the kernel writes an int and 1024 bits, which is one less than it is told.
        let result = unsafe {
            libc::syscall(libc::SYS_get_mempolicy, &raw mut mode, mask.as_mut_ptr(), 1025_usize, no_address, no_flags)
        };
        assert_eq!(result, 0);
        (mode, mask)
    };
    with_nodes(|nodes| {
        let node = nodes.first().unwrap();
        for flag in [libc::MPOL_F_STATIC_NODES, libc::MPOL_F_RELATIVE_NODES] {
            let mut mask = [0 as c_ulong; 1024 / c_ulong::BITS as usize];
            // With a node that is not there, which the kernel keeps in mind for such policies.
            mask[0] = 1 << node | 1 << 20;
            let mode = (libc::MPOL_INTERLEAVE | flag) as usize;
            // SAFETY: the kernel reads 1024 bits, which is one less than it is told.
            let result = unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, mask.as_ptr(), 1025_usize) };
            assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
            let before = raw();
            assert_eq!(before, (libc::MPOL_INTERLEAVE | flag, mask));
            let guard = set_thread_policy(&MemPolicy::Local, Demand::Require).unwrap();
            assert_eq!(raw().0, libc::MPOL_LOCAL);
            drop(guard);
            assert_eq!(raw(), before);
            assert_eq!(thread_policy().unwrap(), MemPolicy::Interleave(NodeSet::from([node, 20])));
        }
    });
}

#[test]
fn errors_keep_what_the_kernel_said() {
    let refused = PolicyError::NotAllowed { nodes: NodeSet::from([3, 4]) };
    assert_eq!(refused.to_string(), "nodes 3-4 do not exist, have no memory, or are not allowed");
    let error = std::io::Error::from(refused.clone());
    assert_eq!((error.kind(), error.to_string()), (std::io::ErrorKind::InvalidInput, refused.to_string()));
    let system = PolicyError::System(std::io::Error::from_raw_os_error(libc::EPERM));
    assert_eq!(std::io::Error::from(system.clone()).raw_os_error(), Some(libc::EPERM));
    assert!(std::error::Error::source(&system).is_some());
    assert_eq!(std::io::Error::from(PolicyError::Unsupported).kind(), std::io::ErrorKind::Unsupported);
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod filtered {
    use super::*;
    use crate::area::is_refusal;
    use crate::filter::refuse;

    fn refusing(calls: &[std::ffi::c_long], test: impl FnOnce() + Send) {
        with_nodes(|_| match refuse(calls) {
            Ok(()) => test(),
            Err(error) => println!("skipped: no filter can be put on: {error}"),
        });
    }

    #[test]
    fn a_thread_goes_on_without_where_it_may_not_have_a_policy() {
        refusing(&[libc::SYS_set_mempolicy], || {
            assert!(is_refusal(&set_thread_policy(&MemPolicy::Local, Demand::Require).unwrap_err()));
            let guard = set_thread_policy(&MemPolicy::Preferred(0), Demand::Prefer).unwrap();
            assert!(is_refusal(guard.refused().unwrap()));
            // The kernel still tells what holds.
            assert_eq!((guard.effective(), guard.dropped()), (Some(&MemPolicy::Default), NodeSet::single(0)));
        });
    }

    /// Nothing is set that could not be restored.
    #[test]
    fn a_policy_that_cannot_be_read_is_not_set() {
        refusing(&[libc::SYS_get_mempolicy], || {
            assert!(is_refusal(&set_thread_policy(&MemPolicy::Local, Demand::Require).unwrap_err()));
            let guard = set_thread_policy(&MemPolicy::Local, Demand::Prefer).unwrap();
            assert!(is_refusal(guard.refused().unwrap()) && guard.effective().is_none());
            assert!(thread_policy().is_err());
            assert!(set_thread_policy(&MemPolicy::Local, Demand::Off).is_ok());
        });
    }
}
