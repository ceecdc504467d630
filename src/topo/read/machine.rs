use std::io;
use std::path::Path;

use super::allowed::Status;
use super::caches::Caches;
use super::groups::{Groups, cpu_folder};
use super::kinds::Kinds;
use super::nodes::nodes;
use super::online::{offline, online};
use super::owners::Owners;
use crate::topo::files::Files;
use crate::topo::roots::Roots;
use crate::topo::{CgroupLimits, Cpu, CpuSet, Topology};

/// Whose machine a tree shows.
#[derive(Clone, Copy, Debug)]
pub(in crate::topo) enum Whose {
    /// That of the thread that reads.
    ThisThread,
    /// Another, or this one at another time.
    Snapshot,
}

/// Reads the machine of `roots`. `mounts` is what its mount points are under, without which control groups are not
/// looked for. `allowed` are the CPUs that the thread may use; without it the tree tells.
pub(in crate::topo) fn read(
    roots: Roots,
    mounts: Option<&Path>,
    allowed: Option<CpuSet>,
    whose: Whose,
) -> io::Result<Topology> {
    let mut sys = Files::of_attributes(roots.sys.as_deref().unwrap_or(Path::new("/sys")));
    let mut proc = Files::new(roots.proc.as_deref().unwrap_or(Path::new("/proc")));
    let online = online(&mut sys, allowed.as_ref());
    if online.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no CPU was found"));
    }
    let offline = offline(&mut sys, &online);
    let isolated = &sys.list("devices/system/cpu/isolated").unwrap_or_default() & &online;
    let nohz_full = &sys.list("devices/system/cpu/nohz_full").unwrap_or_default() & &online;

    let mut groups = Groups::read(&mut sys, &online);
    let mut caches = Caches::default();
    let mut kinds = Kinds::default();
    for cpu in &online {
        if groups.has_core(cpu) {
            continue;
        }
        let folder = cpu_folder(&mut sys, cpu);
        // `cpu` is its first.
        let core = groups.add_core(&mut sys, folder.as_ref(), cpu);
        let design = kinds.add(&mut sys, folder.as_ref(), cpu, core);
        if let Some(folder) = &folder {
            caches.add(&mut sys, folder, core, design, &online);
        }
    }
    let (caches, l3_domains) = caches.finish();
    groups.finish(&mut sys, &l3_domains);
    let kinds = kinds.finish(&mut sys, &online);
    let nodes = nodes(&mut sys, &mut proc, &online);

    let cgroup = mounts.map_or_else(CgroupLimits::default, |mounts| super::cgroup_limits(mounts, &mut proc));
    let status = Status::read(&mut proc, whose);
    let allowed_nodes = status.allowed_nodes(&mut proc, &nodes, &cgroup, whose);
    let allowed = match allowed {
        // Of CPUs with numbers that no kernel has, none is online.
        Some(allowed) => &allowed & &online,
        None => status.allowed(&mut proc, &online, &cgroup),
    };

    let cluster_of = Owners::of(groups.clusters.iter().map(|cluster| &cluster.cpus));
    let kind_of = Owners::of(kinds.iter().map(|kind| &kind.cpus));
    let l3_of = Owners::of(l3_domains.iter().map(|l3| &l3.cpus));
    let node_of = Owners::of(nodes.iter().map(|node| &node.cpus));
    let cpus = online
        .iter()
        // Each online CPU was given a core, and with it a die and a package; a kind; and a node.
        .map(|cpu| {
            let place = groups.place(cpu);
            Cpu {
                id: cpu,
                core: place.core,
                package: place.package,
                die: place.die,
                cluster: cluster_of.get(cpu),
                kind: kind_of.get(cpu).unwrap_or(0),
                l3: l3_of.get(cpu),
                node: nodes[node_of.get(cpu).unwrap_or(0)].id,
            }
        })
        .collect();
    let mut warnings = sys.into_warnings();
    warnings.append(&mut proc.into_warnings());
    let Groups { packages, dies, clusters, cores, .. } = groups;
    Ok(Topology {
        offline,
        allowed,
        allowed_nodes,
        isolated,
        nohz_full,
        cgroup,
        cpus,
        cores,
        kinds,
        clusters,
        dies,
        packages,
        caches,
        l3_domains,
        nodes,
        warnings,
        roots,
        online,
    })
}
