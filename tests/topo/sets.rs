use std::collections::BTreeSet;

use bedplate::topo::{CpuSet, NodeSet, ParseSetError};
use proptest::prelude::*;

type Model = BTreeSet<usize>;

fn members() -> impl Strategy<Value = Model> {
    // Small ranges make neighbours; the large one makes empty words between them.
    prop::collection::btree_set(prop_oneof![0..10usize, 60..70usize, 0..2_000usize], 0..40)
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
        prop_assert_eq!(x.is_disjoint(&y), a.is_disjoint(&b));
        prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
        prop_assert!(x.intersection(&y).is_subset(&y));
        // Whatever way it was made, an equal set is equal.
        prop_assert_eq!(&(&x | &y) - &y, &x - &y);
    }

    #[test]
    fn what_is_written_is_read(a in members()) {
        let cpus = set(&a);
        prop_assert_eq!(&cpus.to_string().parse::<CpuSet>().unwrap(), &cpus);
        prop_assert_eq!(&CpuSet::parse_mask(&cpus.to_mask()).unwrap(), &cpus);
    }

    #[test]
    fn no_text_panics(text in "[0-9a-f,\\- \n\0x+]{0,20}") {
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
    ] {
        assert_eq!(text.parse::<NodeSet>().unwrap(), members.iter().copied().collect(), "{text:?}");
    }
    assert_eq!(NodeSet::from([0, 1, 2, 4, 6, 7]).to_string(), "0-2,4,6-7");
    assert_eq!(NodeSet::new().to_string(), "");
    assert_eq!(format!("{:?}", NodeSet::from([0, 1])), "NodeSet(0-1)");
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
