//! Texts that people and kernels write: lists, masks and descriptions of machines. What is read is written and read again;
//! what is not understood is told with its place.
#![no_main]

use bedplate::topo::{CpuSet, Topology};

fn sets(text: &str) {
    for read in [str::parse::<CpuSet>, CpuSet::parse_mask] {
        match read(text) {
            Ok(cpus) => {
                assert_eq!(cpus.iter().rev().count(), cpus.len());
                assert_eq!(cpus.ranges().collect::<CpuSet>(), cpus);
                assert_eq!(cpus.to_string().parse::<CpuSet>().as_ref(), Ok(&cpus));
                assert_eq!(CpuSet::parse_mask(&cpus.to_mask()), Ok(cpus));
            }
            Err(error) => assert!(text[error.position()..].starts_with(error.text())),
        }
    }
}

fn machine(text: &str) {
    match Topology::synthetic(text) {
        Ok(machine) => {
            assert_eq!(machine.cpus().len(), machine.online().len());
            for cpu in machine.cpus() {
                assert!(machine.cores()[cpu.core].cpus.contains(cpu.id));
                assert_eq!(machine.cores()[cpu.core].package, cpu.package);
                assert!(machine.packages()[cpu.package].cpus.contains(cpu.id));
                assert!(machine.dies()[cpu.die].cpus.contains(cpu.id));
                assert!(machine.node(cpu.node).is_some_and(|node| node.cpus.contains(cpu.id)));
            }
        }
        Err(error) => assert!(text[error.position()..].starts_with(error.text())),
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    sets(text);
    machine(text);
});
