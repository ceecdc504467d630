use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;

use bedplate::topo::{CpuSet, NodeSet, ParseSetError};
use proptest::prelude::*;

type Model = BTreeSet<usize>;

fn members() -> impl Strategy<Value = Model> {
    // Small ranges make neighbours at the ends of words; the large one makes empty words between them. Sets below 128 are
    // kept in another way than those above.
    let small = prop_oneof![0..10usize, 60..70usize, 120..128usize];
    let any = prop_oneof![0..10usize, 60..70usize, 120..135usize, 0..2_000usize];
    prop_oneof![prop::collection::btree_set(small, 0..40), prop::collection::btree_set(any, 0..40)]
}

fn set(model: &Model) -> CpuSet {
    model.iter().copied().collect()
}

fn model(set: &CpuSet) -> Model {
    set.iter().collect()
}

proptest! {
    #[test]
    fn a_set_holds_what_a_tree_holds(changes in prop::collection::vec((any::<bool>(), 0..200usize), 0..100)) {
        let mut ours = CpuSet::new();
        let mut theirs = Model::new();
        for (insert, id) in changes {
            let (a, b) =
                if insert { (ours.insert(id), theirs.insert(id)) } else { (ours.remove(id), theirs.remove(&id)) };
            prop_assert_eq!(a, b);
            prop_assert_eq!(ours.len(), theirs.len());
            prop_assert_eq!(ours.is_empty(), theirs.is_empty());
            prop_assert_eq!(ours.first(), theirs.first().copied());
            prop_assert_eq!(ours.last(), theirs.last().copied());
            prop_assert_eq!(&ours, &set(&theirs), "a set's history must not show");
        }
        prop_assert_eq!(ours.iter().collect::<Vec<_>>(), theirs.iter().copied().collect::<Vec<_>>());
        prop_assert!((0..300).all(|id| ours.contains(id) == theirs.contains(&id)));
    }

    #[test]
    fn algebra_is_that_of_trees(a in members(), b in members()) {
        let (x, y) = (set(&a), set(&b));
        prop_assert_eq!(model(&x.union(&y)), &a | &b);
        prop_assert_eq!(model(&x.intersection(&y)), &a & &b);
        prop_assert_eq!(model(&x.difference(&y)), &a - &b);
        prop_assert_eq!(model(&x.symmetric_difference(&y)), &a ^ &b);
        prop_assert_eq!(x.is_disjoint(&y), a.is_disjoint(&b));
        prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
        prop_assert_eq!(x.is_superset(&y), a.is_superset(&b));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(x == y, a == b);
        let all: CpuSet = [&x, &y].into_iter().collect();
        prop_assert_eq!(&all, &(&x | &y));
        prop_assert!(x.intersection(&y).is_subset(&y));
        // Whatever way it was made, an equal set is equal, has the same hash and as many words.
        let (one, other) = (&(&x | &y) - &y, &x - &y);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(HashSet::from([one, other, &x ^ &(&x & &y)]).len(), 1);
    }

    #[test]
    fn the_rest_of_a_tree_is_there_too(a in members(), n in 0..50usize, odd in any::<bool>()) {
        let mut cpus = set(&a);
        let mut theirs = a;
        prop_assert_eq!(cpus.nth(n), theirs.iter().nth(n).copied());
        prop_assert_eq!(cpus.pop_first(), theirs.pop_first());
        prop_assert_eq!(cpus.pop_last(), theirs.pop_last());
        prop_assert_eq!(model(&cpus), theirs.clone());
        cpus.retain(|id| (id % 2 == 1) == odd);
        theirs.retain(|id| (id % 2 == 1) == odd);
        prop_assert_eq!(&cpus, &set(&theirs));
        cpus.clear();
        prop_assert_eq!(&cpus, &CpuSet::new());
        prop_assert!(cpus.is_empty());
    }

    #[test]
    fn ids_come_from_both_ends(a in members(), ends in prop::collection::vec(any::<bool>(), 0..60)) {
        let cpus = set(&a);
        let (mut ours, mut theirs) = (cpus.iter(), a.iter().copied());
        for back in ends {
            prop_assert_eq!(ours.len(), theirs.len());
            match back {
                true => prop_assert_eq!(ours.next_back(), theirs.next_back()),
                false => prop_assert_eq!(ours.next(), theirs.next()),
            }
        }
        prop_assert_eq!(ours.clone().count(), theirs.clone().count());
        prop_assert_eq!((ours.clone().min(), ours.clone().max()), (theirs.clone().min(), theirs.clone().max()));
        prop_assert_eq!(ours.clone().last(), theirs.clone().last());
        prop_assert_eq!(ours.rev().collect::<Vec<_>>(), theirs.rev().collect::<Vec<_>>());
    }

    #[test]
    fn ranges_are_the_longest_runs(a in members()) {
        let cpus = set(&a);
        let ranges: Vec<RangeInclusive<usize>> = cpus.ranges().collect();
        prop_assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), a.into_iter().collect::<Vec<_>>());
        prop_assert!(ranges.windows(2).all(|pair| pair[0].end() + 1 < *pair[1].start()));
        prop_assert_eq!(ranges.into_iter().collect::<CpuSet>(), cpus);
    }

    #[test]
    fn a_range_is_all_its_numbers(start in 0..300usize, end in 0..300usize) {
        prop_assert_eq!(CpuSet::from(start..=end), (start..=end).collect::<CpuSet>());
        prop_assert_eq!(CpuSet::from(start..end), (start..end).collect::<CpuSet>());
    }

    #[test]
    fn strides_are_the_kernels(first in 0..150usize, more in 0..150usize, used in 0..20usize, more_group in 0..20usize) {
        let (last, group) = (first + more, (used + more_group).max(1));
        let text = format!("{first}-{last}:{used}/{group}");
        let members = (first..=last).filter(|id| (id - first) % group < used);
        prop_assert_eq!(text.parse::<CpuSet>().unwrap(), members.collect::<CpuSet>());
    }

    #[test]
    fn what_is_written_is_read(a in members()) {
        let cpus = set(&a);
        prop_assert_eq!(&cpus.to_string().parse::<CpuSet>().unwrap(), &cpus);
        prop_assert_eq!(&CpuSet::parse_mask(&cpus.to_mask()).unwrap(), &cpus);
        prop_assert_eq!(format!("{cpus:x}"), cpus.to_mask());
    }

    #[test]
    fn no_text_panics(text in "[0-9a-f,:/\\- \n\0x+]{0,20}") {
        let _ = text.parse::<CpuSet>();
        let _ = CpuSet::parse_mask(&text);
    }
}

#[test]
fn lists_are_the_kernels() {
    for (text, members) in [
        ("", &[][..]),
        ("\n", &[]),
        ("\0", &[]),
        ("0", &[0]),
        ("0-3,8\n", &[0, 1, 2, 3, 8]),
        ("4-5\n\0", &[4, 5]),
        (" 7,7,6-7", &[6, 7]),
        ("1, 3-4 ,\t6", &[1, 3, 4, 6]),
        ("0-31:2/8", &[0, 1, 8, 9, 16, 17, 24, 25]),
        ("3-9:3/4,1", &[1, 3, 4, 5, 7, 8, 9]),
        ("0-7:0/4", &[]),
    ] {
        assert_eq!(text.parse::<NodeSet>().unwrap(), members.iter().copied().collect(), "{text:?}");
    }
    assert_eq!(NodeSet::from([0, 1, 2, 4, 6, 7]).to_string(), "0-2,4,6-7");
    assert_eq!(NodeSet::new().to_string(), "");
    assert_eq!(format!("{:?}", NodeSet::from([0, 1])), "NodeSet(0-1)");
    assert_eq!(format!("{:>5}|{0:<5}|{0:x}|{0:>3x}", NodeSet::from([0, 1])), "  0-1|0-1  |3|  3");
}

#[test]
fn masks_are_the_kernels() {
    for (text, members) in [
        ("", &[][..]),
        ("0", &[]),
        ("f\n", &[0, 1, 2, 3]),
        ("00000000,00000001\0", &[0]),
        ("80000000,00000000", &[63]),
        ("1,00000000,00000000,0000ff00", &[8, 9, 10, 11, 12, 13, 14, 15, 96]),
    ] {
        assert_eq!(CpuSet::parse_mask(text).unwrap(), members.iter().copied().collect(), "{text:?}");
    }
    assert_eq!(CpuSet::from([0, 31, 32, 96]).to_mask(), "1,00000000,00000001,80000001");
    assert_eq!(CpuSet::new().to_mask(), "0");
}

#[test]
fn errors_name_the_place_and_the_text() {
    let list = |text: &str| text.parse::<CpuSet>().unwrap_err();
    let mask = |text: &str| CpuSet::parse_mask(text).unwrap_err();
    let told = |error: ParseSetError| (error.position(), error.text().to_owned(), error.to_string());
    for (error, position, text, message) in [
        (list("0-3,x"), 4, "x", "`x` at byte 4 is not a number"),
        (list(" 1-b\n"), 3, "b", "`b` at byte 3 is not a number"),
        (list("0,,1"), 2, "", "`` at byte 2 is not a number"),
        (list("-3"), 0, "", "`` at byte 0 is not a number"),
        (list("+3"), 0, "+3", "`+3` at byte 0 is not a number"),
        (list("1,5-3"), 2, "5-3", "`5-3` at byte 2 runs backwards"),
        (list("0-7:2"), 4, "2", "`2` at byte 4 is not a stride such as 2/4"),
        (list("0-7:/2"), 4, "", "`` at byte 4 is not a number"),
        (list("1,0-7:2/x"), 8, "x", "`x` at byte 8 is not a number"),
        (list("0-7:3/2"), 4, "3/2", "`3/2` at byte 4 is not a stride such as 2/4"),
        (list("0-7:0/0"), 4, "0/0", "`0/0` at byte 4 is not a stride such as 2/4"),
        (list("7:1/2"), 0, "7:1/2", "`7:1/2` at byte 0 is not a number"),
        (list("0, 1 2"), 3, "1 2", "`1 2` at byte 3 is not a number"),
        (list("1048576"), 0, "1048576", "`1048576` at byte 0 is larger than a set can hold"),
        (
            list("0-99999999999999999999"),
            2,
            "99999999999999999999",
            "`99999999999999999999` at byte 2 is larger than a set can hold",
        ),
        (mask("ff,xyz"), 3, "xyz", "`xyz` at byte 3 is not a word of 1 to 8 hexadecimal digits"),
        (mask("123456789"), 0, "123456789", "`123456789` at byte 0 is not a word of 1 to 8 hexadecimal digits"),
        (mask("+f"), 0, "+f", "`+f` at byte 0 is not a word of 1 to 8 hexadecimal digits"),
    ] {
        assert_eq!(told(error), (position, text.to_owned(), message.to_owned()));
    }
    let long = format!("1{}", ",0".repeat(1 << 15));
    assert_eq!(mask(&long).to_string(), "`1` at byte 0 is larger than a set can hold");
    assert_eq!(CpuSet::parse_mask(&long[2..]).unwrap(), CpuSet::new());
}

#[test]
fn the_largest_number_is_the_last_that_fits() {
    let mut cpus = CpuSet::single(CpuSet::MAX_ID);
    assert_eq!(cpus.last(), Some(1_048_575));
    let panic = std::panic::catch_unwind(move || cpus.insert(CpuSet::MAX_ID + 1)).unwrap_err();
    assert!(panic.downcast::<String>().unwrap().contains("1048576 is larger than 1048575"));
}

#[test]
fn a_range_that_was_used_up_is_empty() {
    let mut range = 3..=3;
    range.next();
    assert_eq!(CpuSet::from(range), CpuSet::new());
    assert_eq!(CpuSet::from(0..0), CpuSet::new());
    assert_eq!(CpuSet::from(0..=CpuSet::MAX_ID).len(), CpuSet::MAX_ID + 1);
    assert!(std::panic::catch_unwind(|| CpuSet::from(5..=CpuSet::MAX_ID + 1)).is_err());
}

#[test]
fn a_predicate_that_panics_takes_nothing_out() {
    let mut cpus = CpuSet::from(0..=200);
    cpus.retain(|id| id < 100);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cpus.retain(|id| if id < 50 { false } else { panic!("stop") });
    }));
    assert!(panic.is_err());
    assert_eq!(cpus, CpuSet::from(0..100));
}
