//! The memory nodes.

use super::online::LIMIT;
use crate::topo::files::{Files, Folder};
use crate::topo::{CpuSet, HugePagePool, Node, NodeSet, Warning};

/// The nodes, at least one. Each of the `online` CPUs is in one.
pub(super) fn nodes(sys: &mut Files, proc: &mut Files, online: &CpuSet) -> Vec<Node> {
    let (ids, columns) = node_ids(sys);
    let mut homeless = online.clone();
    let mut nodes = Vec::with_capacity(ids.len());
    let mut initiators = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(folder) = sys.folder(&format!("devices/system/node/node{id}")) else { continue };
        let mut cpus = match sys.mask_in(&folder, "cpumap") {
            Some(mask) => mask,
            None => sys.list_in(&folder, "cpulist").unwrap_or_default(),
        };
        cpus &= &homeless;
        homeless -= &cpus;
        let memory = sys.text_in(&folder, "meminfo").and_then(total_memory);
        if memory.is_none() {
            sys.warn(Warning::NoMemory { node: id });
        }
        initiators.push(if cpus.is_empty() { initiators_of(sys, &folder) } else { NodeSet::single(id) });
        nodes.push(Node {
            id,
            memory: memory.unwrap_or(0),
            huge_pages: huge_pages(sys, &folder, "hugepages"),
            distances: distances(sys, &folder, id, &columns),
            near: CpuSet::new(),
            cpus,
        });
    }
    match nodes.first_mut() {
        None => {
            nodes.push(whole_machine(sys, proc, homeless));
            initiators.push(NodeSet::single(0));
        }
        Some(first) if !homeless.is_empty() => {
            first.cpus |= &homeless;
            sys.warn(Warning::NoNode { cpus: homeless });
        }
        Some(_) => {}
    }
    let near: Vec<_> = nodes.iter().zip(&initiators).map(|(node, named)| near(node, named, &nodes)).collect();
    nodes.iter_mut().zip(near).for_each(|(node, near)| node.near = near);
    nodes
}

/// The nodes that are online, and those that the columns of their distances stand for.
fn node_ids(sys: &mut Files) -> (Vec<usize>, Vec<usize>) {
    let listed = sys.node_list("devices/system/node/online").filter(|online| !online.is_empty());
    let columns: Vec<_> = listed.iter().flatten().filter(|id| *id < LIMIT).collect();
    let mut ids = columns.clone();
    ids.retain(|id| sys.exists(&format!("devices/system/node/node{id}")));
    if !ids.is_empty() {
        return (ids, columns);
    }
    let mut ids = sys.numbered("devices/system/node", "node");
    ids.retain(|id| *id < LIMIT);
    (ids.clone(), ids)
}

/// The one node of a machine that shows none.
fn whole_machine(sys: &mut Files, proc: &mut Files, cpus: CpuSet) -> Node {
    sys.warn(Warning::NoNodes);
    let memory = proc.text("meminfo").and_then(|text| total_memory(&text));
    if memory.is_none() {
        sys.warn(Warning::NoMemory { node: 0 });
    }
    let huge_pages = match sys.folder("kernel/mm") {
        Some(folder) => huge_pages(sys, &folder, "hugepages"),
        None => Vec::new(),
    };
    Node { id: 0, memory: memory.unwrap_or(0), huge_pages, distances: Vec::new(), near: CpuSet::new(), cpus }
}

/// The pools of HugeTLB pages in the folder `name`, smallest pages first.
fn huge_pages(sys: &mut Files, folder: &Folder, name: &str) -> Vec<HugePagePool> {
    let mut pools = Vec::new();
    for pool in sys.names_in(folder, name) {
        let digits = pool.strip_prefix("hugepages-").and_then(|rest| rest.strip_suffix("kB"));
        let Some(page) = digits.and_then(|kib| kib.parse::<u64>().ok()?.checked_mul(1024)) else { continue };
        let total = sys.number_in(folder, &format!("{name}/{pool}/nr_hugepages")).unwrap_or(0);
        let free = sys.number_in(folder, &format!("{name}/{pool}/free_hugepages")).unwrap_or(0);
        pools.push(HugePagePool { page, total, free });
    }
    pools.sort_unstable_by_key(|pool| pool.page);
    pools
}

/// The distances to the nodes of `columns`: the kernel writes one for each node that is online, whatever its number.
fn distances(sys: &mut Files, folder: &Folder, node: usize, columns: &[usize]) -> Vec<(usize, u32)> {
    let Some(text) = sys.text_in(folder, "distance") else { return Vec::new() };
    let numbers: Result<Vec<u32>, _> = text.split_ascii_whitespace().map(str::parse).collect();
    match numbers {
        Ok(numbers) if numbers.len() == columns.len() => columns.iter().copied().zip(numbers).collect(),
        _ => {
            sys.warn(Warning::NoDistances { node });
            Vec::new()
        }
    }
}

/// The nodes that reach the memory of this one best, as the firmware tells (HMAT).
///
/// `access1` are nodes of CPUs; `access0`, which is all that kernels before 5.11 have, may be devices with a node of
/// their own.
fn initiators_of(sys: &mut Files, folder: &Folder) -> NodeSet {
    ["access1/initiators", "access0/initiators"]
        .iter()
        .map(|path| {
            let names = sys.names_in(folder, path);
            let number = |name: &String| -> Option<usize> { name.strip_prefix("node")?.parse().ok() };
            names.iter().filter_map(number).filter(|id| *id < LIMIT).collect()
        })
        .find(|nodes: &NodeSet| !nodes.is_empty())
        .unwrap_or_default()
}

/// The CPUs nearest to the memory of `node`.
fn near(node: &Node, initiators: &NodeSet, nodes: &[Node]) -> CpuSet {
    if !node.cpus.is_empty() {
        return node.cpus.clone();
    }
    let named = cpus_of(nodes, |other| initiators.contains(other.id));
    if !named.is_empty() {
        return named;
    }
    let with_cpus = |id: usize| nodes.iter().any(|other| other.id == id && !other.cpus.is_empty());
    let reachable = || node.distances.iter().filter(|(id, _)| with_cpus(*id));
    let least = reachable().map(|(_, distance)| *distance).min();
    let nearest: NodeSet = reachable().filter(|(_, distance)| Some(*distance) == least).map(|(id, _)| *id).collect();
    cpus_of(nodes, |other| nearest.contains(other.id))
}

fn cpus_of(nodes: &[Node], wanted: impl Fn(&Node) -> bool) -> CpuSet {
    nodes.iter().filter(|node| wanted(node)).fold(CpuSet::new(), |cpus, node| &cpus | &node.cpus)
}

/// `MemTotal` of a `meminfo` file, of the machine or of a node, in bytes.
fn total_memory(meminfo: &str) -> Option<u64> {
    let (_, rest) = meminfo.split_once("MemTotal:")?;
    let kib: u64 = rest.split_ascii_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}
