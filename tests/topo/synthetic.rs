use std::io::ErrorKind;

use bedplate::topo::{CacheKind, CpuSet, NodeSet, SyntheticError, Topology};
use proptest::prelude::*;

fn machine(description: &str) -> Topology {
    Topology::synthetic(description).unwrap_or_else(|error| panic!("{description}: {error}"))
}

fn refused(description: &str) -> SyntheticError {
    Topology::synthetic(description).unwrap_err()
}

/// What holds for every topology.
fn assert_whole(machine: &Topology) {
    let ids: CpuSet = machine.cpus().iter().map(|cpu| cpu.id).collect();
    assert_eq!(&ids, machine.online());
    assert_eq!(&ids, machine.allowed());
    for cpu in machine.cpus() {
        assert_eq!(machine.cpu(cpu.id), Some(cpu));
        let core = &machine.cores()[cpu.core];
        let package = &machine.packages()[cpu.package];
        let die = &machine.dies()[cpu.die];
        assert!(core.cpus.contains(cpu.id));
        assert_eq!((core.package, die.package), (cpu.package, cpu.package));
        assert!(core.cpus.is_subset(&die.cpus) && die.cpus.is_subset(&package.cpus));
        assert!(machine.kinds()[cpu.kind].cpus.contains(cpu.id));
        assert!(cpu.l3.is_none_or(|l3| machine.l3_domains()[l3].cpus.contains(cpu.id)));
        assert!(cpu.cluster.is_none_or(|cluster| machine.clusters()[cluster].cpus.contains(cpu.id)));
        assert!(machine.node(cpu.node).unwrap().cpus.contains(cpu.id));
    }
    let all = ids.len();
    let shares = |sets: Vec<&CpuSet>| sets.iter().map(|set| set.len()).sum::<usize>();
    assert_eq!(shares(machine.cores().iter().map(|core| &core.cpus).collect()), all);
    assert_eq!(shares(machine.dies().iter().map(|die| &die.cpus).collect()), all);
    assert_eq!(shares(machine.packages().iter().map(|package| &package.cpus).collect()), all);
    assert_eq!(shares(machine.nodes().iter().map(|node| &node.cpus).collect()), all);
    assert_eq!(shares(machine.kinds().iter().map(|kind| &kind.cpus).collect()), all);
    let firsts = |sets: Vec<&CpuSet>| sets.iter().map(|set| set.first()).collect::<Vec<_>>();
    assert!(firsts(machine.cores().iter().map(|core| &core.cpus).collect()).is_sorted());
    assert!(firsts(machine.packages().iter().map(|package| &package.cpus).collect()).is_sorted());
    assert!(firsts(machine.l3_domains().iter().map(|l3| &l3.cpus).collect()).is_sorted());
    assert!(machine.caches().is_sorted_by_key(|cache| (cache.level, cache.cpus.first())));
    assert!(machine.nodes().iter().all(|node| !node.near.is_empty()));
    for (from, node) in machine.nodes().iter().enumerate() {
        assert_eq!((node.id, node.distances.len()), (from, machine.nodes().len()));
        assert_eq!(machine.distance(from, from), Some(10));
    }
    assert_eq!(machine.warnings(), []);
}

proptest! {
    #[test]
    fn there_is_as_much_of_each_as_was_described(
        (packages, dies, nodes, l3s) in (1..3usize, 1..3usize, 1..3usize, 1..3usize),
        (clusters, cores, threads) in (1..3usize, 1..4usize, 1..4usize),
        last in any::<bool>(),
    ) {
        let siblings = if last { "(siblings=last)" } else { "" };
        let text = format!(
            "pkg:{packages} die:{dies} numa:{nodes} l3:{l3s} cluster:{clusters} l2:1 core:{cores} pu:{threads}{siblings}"
        );
        let machine = machine(&text);
        assert_whole(&machine);
        let counts = [machine.packages().len(), machine.dies().len(), machine.nodes().len()];
        prop_assert_eq!(counts, [packages, packages * dies, packages * dies * nodes]);
        let in_nodes = packages * dies * nodes;
        prop_assert_eq!(machine.l3_domains().len(), in_nodes * l3s);
        prop_assert_eq!(machine.clusters().len(), in_nodes * l3s * clusters);
        prop_assert_eq!(machine.cores().len(), in_nodes * l3s * clusters * cores);
        prop_assert_eq!(machine.cpus().len(), machine.cores().len() * threads);
        prop_assert_eq!(machine.caches().len(), in_nodes * l3s * (1 + clusters));
        prop_assert_eq!(machine.kinds().len(), 1);
        prop_assert_eq!(machine.suggested_threads(), machine.cpus().len());
        // The siblings of the first core.
        let step = if last { machine.cores().len() } else { 1 };
        prop_assert_eq!(&machine.cores()[0].cpus, &(0..threads).map(|thread| thread * step).collect::<CpuSet>());
        for (from, to) in (0..in_nodes).flat_map(|from| (0..in_nodes).map(move |to| (from, to))) {
            let expected = match (from == to, from / (dies * nodes) == to / (dies * nodes)) {
                (true, _) => 10,
                (_, true) => 12,
                _ => 20,
            };
            prop_assert_eq!(machine.distance(from, to), Some(expected));
        }
    }

    #[test]
    fn no_text_panics(text in "((pkg|numa|die|l[123]i?|core|pu|cluster|x)(:[0-9]{1,3})?(\\([a-z=0-9 ,]{0,9}\\)?)? ?\\+? ?){0,5}\\PC?") {
        match Topology::synthetic(&text) {
            Ok(machine) => assert_whole(&machine),
            Err(error) => prop_assert!(text[error.position()..].starts_with(error.text()), "{} of {}", error, text),
        }
    }
}

#[test]
fn what_is_left_out_is_one() {
    let plain = machine("pu:4");
    assert_whole(&plain);
    let counts = [plain.packages().len(), plain.dies().len(), plain.nodes().len(), plain.cores().len()];
    assert_eq!(counts, [1, 1, 1, 4]);
    assert_eq!((plain.l3_domains().len(), plain.caches().len(), plain.clusters().len()), (0, 0, 0));
    assert_eq!(plain.nodes()[0].memory, 1 << 30);
    assert_eq!(machine("pkg:2 core:3").cpus().len(), 6);
    assert_eq!(machine("numa:3").cores().len(), 3);
    // Both nodes are in the one package that nobody described.
    assert_eq!(machine("numa:2 core:1").distance(0, 1), Some(12));
    // Each node is around packages of its own.
    assert_eq!(machine("numa:2 pkg:2 core:1").distance(0, 1), Some(20));
    assert_eq!(machine("numa:2 pkg:1 core:1").distance(0, 1), Some(20));
}

#[test]
fn attributes_are_of_their_objects() {
    let machine =
        machine("Package:1 NUMANode:2(memory=16GB) L3Cache:1(size=32MiB) l2:2(size=512KiB) core:1 L1d:1 l1i:1 PU:1");
    assert_whole(&machine);
    assert_eq!(machine.nodes()[1].memory, 16_000_000_000);
    assert_eq!(machine.l3_domains()[1].size, Some(32 << 20));
    let caches: Vec<_> = machine.caches().iter().map(|cache| (cache.level, cache.kind, cache.size)).collect();
    assert_eq!(caches.len(), 4 + 4 + 4 + 2);
    assert_eq!(caches[8], (2, CacheKind::Unified, Some(512 << 10)));
    assert_eq!((caches[0], caches[1]), ((1, CacheKind::Data, None), (1, CacheKind::Instruction, None)));
}

#[test]
fn cores_may_be_of_several_kinds() {
    let hybrid = machine("pkg:1 l3:1 l2:6 core:1 pu:2 + l2:2 core:4(capacity=640) pu:1");
    assert_whole(&hybrid);
    let kinds: Vec<_> = hybrid.kinds().iter().map(|kind| (kind.capacity, kind.cpus.to_string())).collect();
    assert_eq!(kinds, [(Some(640), "12-19".to_owned()), (Some(1024), "0-11".to_owned())]);
    assert_eq!((hybrid.cores().len(), hybrid.l3_domains().len()), (14, 1));
    let l2: Vec<_> =
        hybrid.caches().iter().filter(|cache| cache.level == 2).map(|cache| cache.cpus.to_string()).collect();
    assert_eq!(l2, ["0-1", "2-3", "4-5", "6-7", "8-9", "10-11", "12-15", "16-19"]);
    // Without spaces, and with packages that differ.
    let uneven = machine("pkg:1 core:2 pu:2+pkg:2 core:3");
    assert_whole(&uneven);
    assert_eq!(
        uneven.packages().iter().map(|package| package.cpus.to_string()).collect::<Vec<_>>(),
        ["0-3", "4-6", "7-9"]
    );
    assert_eq!(uneven.cores()[2].id, Some(0));
}

#[test]
fn memory_may_be_without_cpus_and_cpus_without_memory() {
    let cxl = machine("pkg:2 numa:1(memory=0) core:2 + numa:1(memory=64GiB) pu:0 + pkg:1 numa:1 pu:0 + pkg:1 core:1");
    assert_whole(&cxl);
    let nodes: Vec<_> =
        cxl.nodes().iter().map(|node| (node.cpus.to_string(), node.near.to_string(), node.memory >> 30)).collect();
    let expected =
        [("0-1", "0-1", 0), ("", "0-1", 64), ("2-3", "2-3", 0), ("", "2-3", 64), ("", "0-4", 1), ("4", "4", 1)];
    assert_eq!(nodes, expected.map(|(cpus, near, memory)| (cpus.to_owned(), near.to_owned(), memory)));
    assert_eq!(cxl.allowed_nodes(), &NodeSet::from([1, 3, 4, 5]));
    assert_eq!(cxl.packages().len(), 3);
}

#[test]
fn errors_name_the_place_and_the_text() {
    for (description, position, text, message) in [
        ("", 0, "", "a machine without any level was described"),
        (" \n", 0, " \n", "a machine without any level was described"),
        ("pkg:2 cores:4", 6, "cores:4", "`cores:4` at byte 6 is no level such as pkg, numa, l3, core or pu"),
        ("pkg:2 :4", 6, ":4", "`:4` at byte 6 is no level such as pkg, numa, l3, core or pu"),
        ("pkg", 0, "pkg", "`pkg` at byte 0 has no count such as core:4, of at most 8192"),
        ("pkg:-1", 0, "pkg:-1", "`pkg:-1` at byte 0 has no count such as core:4, of at most 8192"),
        ("pkg:2x core:1", 0, "pkg:2x", "`pkg:2x` at byte 0 has no count such as core:4, of at most 8192"),
        ("core:8193", 0, "core:8193", "`core:8193` at byte 0 has no count such as core:4, of at most 8192"),
        (
            "pu:99999999999999999999",
            0,
            "pu:99999999999999999999",
            "`pu:99999999999999999999` at byte 0 has no count such as core:4, of at most 8192",
        ),
        (
            "core:0",
            0,
            "core:0",
            "`core:0` at byte 0 is none of what there must be; only pu:0 right inside a numa may be",
        ),
        (
            "numa:1 core:1 pu:0",
            14,
            "pu:0",
            "`pu:0` at byte 14 is none of what there must be; only pu:0 right inside a numa may be",
        ),
        ("numa:1(memory=1G", 6, "(memory=1G", "`(memory=1G` at byte 6 is not closed"),
        ("core:1(size=1)", 7, "size=1", "`size=1` at byte 7 is no attribute of a core"),
        (
            "l3:1(size=32XB)",
            5,
            "size=32XB",
            "`size=32XB` at byte 5 has no value that fits, such as memory=16GiB, size=32MiB, capacity=512 or siblings=last",
        ),
        ("core:4 pkg:2", 7, "pkg:2", "`pkg:2` at byte 7 cannot be inside a core"),
        ("core:4 core:2", 7, "core:2", "`core:2` at byte 7 cannot be inside a core"),
        ("pu:1 l1:1", 5, "l1:1", "`l1:1` at byte 5 cannot be inside a pu"),
        (
            "+ core:1",
            2,
            "core:1",
            "`core:1` at byte 2 is not between two levels of one type with the same levels around them",
        ),
        ("core:1 +", 7, "+", "`+` at byte 7 is not between two levels of one type with the same levels around them"),
        (
            "core:1 + l3:1",
            9,
            "l3:1",
            "`l3:1` at byte 9 is not between two levels of one type with the same levels around them",
        ),
        ("pkg:64 core:64 pu:4", 0, "pkg:64", "`pkg:64` at byte 0 makes more than 8192 CPUs"),
        ("core:8192 + core:1", 12, "core:1", "`core:1` at byte 12 makes more than 8192 CPUs"),
        ("pkg:8192 numa:8192 core:8192 pu:8192", 19, "core:8192", "`core:8192` at byte 19 makes more than 8192 CPUs"),
        ("numa:1025 pu:0", 0, "numa:1025", "`numa:1025` at byte 0 makes more than 1024 memory nodes"),
        ("pkg:8192 numa:1024 pu:0", 0, "pkg:8192", "`pkg:8192` at byte 0 makes more than 1024 memory nodes"),
        ("numa:1 pu:0", 0, "numa:1", "`numa:1` at byte 0 is a machine without any CPU"),
    ] {
        let error = refused(description);
        assert_eq!((error.position(), error.text(), error.to_string()), (position, text, message.to_owned()));
    }
    let long = refused(&"é".repeat(1000));
    assert_eq!(long.text(), "é".repeat(40));
}

#[test]
fn values_that_do_not_fit_are_refused() {
    for attribute in [
        "memory",
        "memory=",
        "memory=x",
        "memory=-1",
        "memory=+1",
        "memory=99999999999999TiB",
        "memory=1.5GB",
        "memory=1G",
        "memory=1é",
    ] {
        assert_eq!(refused(&format!("numa:1({attribute})")).text(), attribute);
    }
    for attribute in ["capacity=0", "capacity=4294967296", "capacity"] {
        assert_eq!(refused(&format!("core:1({attribute})")).text(), attribute);
    }
    assert_eq!(refused("pu:1(siblings=first)").text(), "siblings=first");
    assert_eq!(machine("l3:1( size=1kb, size=2MiB )").l3_domains()[0].size, Some(2 << 20));
    assert_eq!(machine("pu:2()").cpus().len(), 2);
}

#[test]
fn the_largest_machine_is_made() {
    let large = machine("pkg:8 numa:128 l3:1 core:4 pu:2");
    assert_eq!((large.cpus().len(), large.nodes().len()), (8192, 1024));
    assert_eq!(large.distance(127, 128), Some(20));
}

#[test]
fn some_cpus_may_be_not_allowed() {
    let half = Topology::builder().allowed(CpuSet::from([1, 3, 9])).synthetic("core:4").unwrap();
    assert_eq!((half.allowed(), half.online().len()), (&CpuSet::from([1, 3]), 4));
}

#[test]
fn what_is_made_up_has_no_devices() {
    let machine = machine("pkg:1");
    assert_eq!(machine.device_node("eth0").unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(machine.device_cpus("eth0").unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(machine.file_node("/").unwrap_err().kind(), ErrorKind::Unsupported);
}
