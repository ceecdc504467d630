//! How a [`Topology`] is read from `/sys`.

use std::collections::HashMap;
use std::io;

use super::files::Files;
use super::{Core, Cpu, CpuSet, L3Domain, Node, Package, Topology, Warning};

/// The cache folders of a CPU, the one that holds the L3 on most machines first. No machine has more.
const CACHE_ORDER: [usize; 8] = [3, 2, 1, 0, 4, 5, 6, 7];

/// Reads the machine under `sysfs` and `procfs`. `allowed` are the CPUs that the thread may use; without it all online
/// ones are.
pub(super) fn discover(mut sysfs: Files, mut procfs: Files, allowed: Option<CpuSet>) -> io::Result<Topology> {
    let online = online(&mut sysfs, allowed.as_ref());
    if online.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no CPU was found"));
    }
    let mut draft = Draft::new(online);
    draft.read_cores_and_packages(&mut sysfs);
    draft.read_l3(&mut sysfs);
    draft.read_nodes(&mut sysfs, &mut procfs);
    let mut warnings = sysfs.into_warnings();
    warnings.append(&mut procfs.into_warnings());
    Ok(draft.finish(allowed, warnings))
}

fn online(sysfs: &mut Files, allowed: Option<&CpuSet>) -> CpuSet {
    let listed = sysfs.list("devices/system/cpu/online").filter(|online| !online.is_empty());
    let online = listed.unwrap_or_else(|| online_one_by_one(sysfs));
    let Some(allowed) = allowed else { return online };
    if online.is_empty() {
        sysfs.warn(Warning::NoOnline);
        return allowed.clone();
    }
    // A container may be shown a `/sys` that is not its machine's.
    let unlisted = allowed - &online;
    if !unlisted.is_empty() {
        sysfs.warn(Warning::Contradicted { cpus: unlisted });
    }
    &online | allowed
}

/// Before Linux 2.6.26 there is no list, but each CPU that can be turned off has a file that says whether it is on.
fn online_one_by_one(sysfs: &mut Files) -> CpuSet {
    let mut cpus = sysfs.numbered("devices/system/cpu", "cpu");
    cpus.retain(|cpu| sysfs.text(&format!("devices/system/cpu/cpu{cpu}/online")).as_deref() != Some("0"));
    // Some kernels leave the file out and take the CPU's `topology` away.
    let (with, without): (Vec<_>, Vec<_>) =
        cpus.into_iter().partition(|cpu| sysfs.exists(&format!("devices/system/cpu/cpu{cpu}/topology")));
    if with.is_empty() { without.into_iter().collect() } else { with.into_iter().collect() }
}

/// A topology in the making: the groups, each a set of online CPUs.
struct Draft {
    online: CpuSet,
    /// Without their packages.
    cores: Vec<(Option<u32>, CpuSet)>,
    packages: Vec<Package>,
    l3_domains: Vec<L3Domain>,
    nodes: Vec<Node>,
}

impl Draft {
    fn new(online: CpuSet) -> Self {
        Self { online, cores: Vec::new(), packages: Vec::new(), l3_domains: Vec::new(), nodes: Vec::new() }
    }

    fn read_cores_and_packages(&mut self, sysfs: &mut Files) {
        let mut in_core = CpuSet::new();
        let mut in_package = CpuSet::new();
        let mut unknown = CpuSet::new();
        for cpu in &self.online {
            let folder = format!("devices/system/cpu/cpu{cpu}/topology");
            if !in_core.contains(cpu) {
                match core_of(sysfs, &folder, cpu, &(&self.online - &in_core)) {
                    Some((id, cpus)) => {
                        in_core |= &cpus;
                        self.cores.push((id, cpus));
                    }
                    None => {
                        unknown.insert(cpu);
                        self.cores.push((None, CpuSet::single(cpu)));
                    }
                }
            }
            if !in_package.contains(cpu) {
                let id = sysfs.number(&format!("{folder}/physical_package_id"));
                let named = named_set(sysfs, &folder, ["package_cpus", "core_siblings"]);
                // Without the set, the number tells as well which CPUs belong together.
                let known = self.packages.iter_mut().find(|package| id.is_some() && package.id == id);
                match (named, known) {
                    (Some(cpus), _) => {
                        let mut cpus = &(&cpus & &self.online) - &in_package;
                        cpus.insert(cpu);
                        in_package |= &cpus;
                        self.packages.push(Package { id, cpus });
                    }
                    (None, Some(package)) => {
                        in_package.insert(cpu);
                        package.cpus.insert(cpu);
                    }
                    (None, None) if id.is_some() => {
                        in_package.insert(cpu);
                        self.packages.push(Package { id, cpus: CpuSet::single(cpu) });
                    }
                    (None, None) => {
                        unknown.insert(cpu);
                    }
                }
            }
        }
        let homeless = &self.online - &in_package;
        match self.packages.first_mut() {
            Some(package) => package.cpus |= &homeless,
            None => self.packages.push(Package { id: None, cpus: homeless }),
        }
        if !unknown.is_empty() {
            sysfs.warn(Warning::NoTopology { cpus: unknown });
        }
    }

    fn read_l3(&mut self, sysfs: &mut Files) {
        let mut seen = CpuSet::new();
        for cpu in &self.online {
            if seen.contains(cpu) {
                continue;
            }
            if let Some((size, cpus)) = l3_of(sysfs, cpu) {
                let mut cpus = &(&cpus & &self.online) - &seen;
                cpus.insert(cpu);
                seen |= &cpus;
                self.l3_domains.push(L3Domain { size, cpus });
            }
        }
    }

    fn read_nodes(&mut self, sysfs: &mut Files, procfs: &mut Files) {
        let mut homeless = self.online.clone();
        for id in sysfs.numbered("devices/system/node", "node") {
            let folder = format!("devices/system/node/node{id}");
            let cpus = sysfs.set(&format!("{folder}/cpumap"), &format!("{folder}/cpulist")).unwrap_or_default();
            let cpus = &cpus & &homeless;
            homeless -= &cpus;
            let memory = sysfs.text(&format!("{folder}/meminfo")).and_then(|text| total_memory(&text));
            if memory.is_none() {
                sysfs.warn(Warning::NoMemory { node: id });
            }
            self.nodes.push(Node { id, cpus, memory: memory.unwrap_or(0) });
        }
        match self.nodes.first_mut() {
            None => {
                sysfs.warn(Warning::NoNodes);
                let memory = procfs.text("meminfo").and_then(|text| total_memory(&text));
                if memory.is_none() {
                    sysfs.warn(Warning::NoMemory { node: 0 });
                }
                self.nodes.push(Node { id: 0, cpus: homeless, memory: memory.unwrap_or(0) });
            }
            Some(first) if !homeless.is_empty() => {
                first.cpus |= &homeless;
                sysfs.warn(Warning::NoNode { cpus: homeless });
            }
            Some(_) => {}
        }
    }

    fn finish(self, allowed: Option<CpuSet>, warnings: Vec<Warning>) -> Topology {
        let packages = owners(self.packages.iter().map(|package| &package.cpus));
        let l3_domains = owners(self.l3_domains.iter().map(|l3| &l3.cpus));
        let nodes = owners(self.nodes.iter().map(|node| &node.cpus));
        let mut cpus = Vec::with_capacity(self.online.len());
        let mut cores = Vec::with_capacity(self.cores.len());
        for (id, members) in self.cores {
            // Every online CPU was given a core, a package and a node; a core has at least one CPU.
            let package = members.first().map_or(0, |cpu| packages[&cpu]);
            cpus.extend(members.iter().map(|cpu| Cpu {
                id: cpu,
                core: cores.len(),
                package: packages[&cpu],
                l3: l3_domains.get(&cpu).copied(),
                node: self.nodes[nodes[&cpu]].id,
            }));
            cores.push(Core { id, package, cpus: members });
        }
        cpus.sort_unstable_by_key(|cpu| cpu.id);
        Topology {
            allowed: allowed.unwrap_or_else(|| self.online.clone()),
            online: self.online,
            cpus,
            cores,
            packages: self.packages,
            l3_domains: self.l3_domains,
            nodes: self.nodes,
            warnings,
        }
    }
}

/// For each CPU the index of the group that holds it.
fn owners<'a>(groups: impl Iterator<Item = &'a CpuSet>) -> HashMap<usize, usize> {
    groups.enumerate().flat_map(|(group, cpus)| cpus.iter().map(move |cpu| (cpu, group))).collect()
}

/// The core of `cpu` and which of the `left` CPUs are in it.
fn core_of(sysfs: &mut Files, folder: &str, cpu: usize, left: &CpuSet) -> Option<(Option<u32>, CpuSet)> {
    let siblings = named_set(sysfs, folder, ["core_cpus", "thread_siblings"])?;
    let id = sysfs.number(&format!("{folder}/core_id"));
    // Where two siblings have numbers of their own, as in AMD's modules of family 15h, each is a core.
    let mut cpus = &siblings & left;
    let same =
        |other: &usize| *other == cpu || sysfs.number(&format!("devices/system/cpu/cpu{other}/topology/core_id")) == id;
    cpus = cpus.iter().filter(same).collect();
    cpus.insert(cpu);
    Some((id, cpus))
}

/// A set of the `topology` folder by its name of today, or else by that of before Linux 5.3.
fn named_set(sysfs: &mut Files, folder: &str, names: [&str; 2]) -> Option<CpuSet> {
    names.iter().find_map(|name| sysfs.set(&format!("{folder}/{name}"), &format!("{folder}/{name}_list")))
}

/// The size of the L3 cache that `cpu` uses, and who shares it.
fn l3_of(sysfs: &mut Files, cpu: usize) -> Option<(Option<u64>, CpuSet)> {
    for index in CACHE_ORDER {
        let folder = format!("devices/system/cpu/cpu{cpu}/cache/index{index}");
        if sysfs.number(&format!("{folder}/level")) != Some(3)
            || sysfs.text(&format!("{folder}/type")).as_deref() == Some("Instruction")
        {
            continue;
        }
        let cpus = sysfs.set(&format!("{folder}/shared_cpu_map"), &format!("{folder}/shared_cpu_list"));
        let size = sysfs.text(&format!("{folder}/size")).and_then(|text| bytes(&text));
        return Some((size, cpus.unwrap_or_else(|| CpuSet::single(cpu))));
    }
    None
}

/// `MemTotal` of a `meminfo` file, of the machine or of a node, in bytes.
fn total_memory(meminfo: &str) -> Option<u64> {
    let (_, rest) = meminfo.split_once("MemTotal:")?;
    let kib: u64 = rest.trim_start().split(' ').next()?.parse().ok()?;
    kib.checked_mul(1024)
}

/// `32K`, `30M`: the size of a cache.
fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(digits) => (digits, text.as_bytes()[digits.len()]),
        None => (text, b' '),
    };
    let shift = match unit {
        b'K' => 10,
        b'M' => 20,
        b'G' => 30,
        _ => 0,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}
