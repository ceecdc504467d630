//! Draws the machine as a tree and marks what this thread may use.
//!
//! `cargo run --example topology` reads this machine; `cargo run --example topology -- DIR` the `sys` and `proc` under
//! DIR, a snapshot of another.

use std::path::PathBuf;

use bedplate::topo::{CpuSet, Package, Topology, current_cpu, current_node, pin_current};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let snapshot = std::env::args_os().nth(1).map(PathBuf::from);
    let machine = match &snapshot {
        Some(root) => Topology::builder().sysfs(root.join("sys")).procfs(root.join("proc")).detect()?,
        None => Topology::detect()?,
    };
    println!("machine: CPUs {}, nodes {}", machine.online(), machine.node_set());
    for package in machine.packages() {
        draw_package(&machine, package);
    }
    for node in machine.nodes() {
        println!("├─ node {}: {} MiB, {}", node.id, node.memory >> 20, named(&node.cpus));
    }
    for warning in machine.warnings() {
        println!("├─ warning: {warning}");
    }
    println!("└─ usable (*): {}", named(machine.allowed()));
    if snapshot.is_none() {
        bind_to_last(machine.allowed())?;
    }
    Ok(())
}

fn draw_package(machine: &Topology, package: &Package) {
    println!("├─ package {}", known(package.id));
    let l3 = machine.l3_domains().iter().filter(|l3| l3.cpus.is_subset(&package.cpus));
    let l3 = l3.map(|l3| format!("L3 {} KiB: {}", known(l3.size.map(|size| size >> 10)), named(&l3.cpus)));
    let cores = machine.cores().iter().filter(|core| core.cpus.is_subset(&package.cpus)).map(|core| {
        let usable = |cpu| if machine.allowed().contains(cpu) { "*" } else { "" };
        let cpus: Vec<_> = core.cpus.iter().map(|cpu| format!("{cpu}{}", usable(cpu))).collect();
        format!("core {}: {}", known(core.id), cpus.join(" "))
    });
    let mut lines = l3.chain(cores).peekable();
    while let Some(line) = lines.next() {
        println!("│  {} {line}", if lines.peek().is_some() { "├─" } else { "└─" });
    }
}

fn known(number: Option<impl ToString>) -> String {
    number.map_or("?".to_owned(), |number| number.to_string())
}

fn named(cpus: &CpuSet) -> String {
    match cpus.len() {
        0 => "no CPUs".to_owned(),
        1 => format!("CPU {cpus}"),
        _ => format!("CPUs {cpus}"),
    }
}

/// Binding lasts as long as the guard.
fn bind_to_last(allowed: &CpuSet) -> Result<(), Box<dyn std::error::Error>> {
    let last = allowed.last().ok_or("no CPU is allowed")?;
    let pinned = pin_current(&CpuSet::single(last))?;
    println!("pinned to {}: on CPU {} of node {}", named(pinned.effective()), current_cpu(), current_node()?);
    assert_eq!(current_cpu(), last);
    Ok(())
}
