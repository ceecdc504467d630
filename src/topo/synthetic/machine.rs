use super::SyntheticError;
use super::branch::Branch;
use super::draft::{Draft, Place};
use crate::topo::roots::Roots;
use crate::topo::{CgroupLimits, CoreKind, Cpu, CpuSet, L3Domain, NodeSet, Topology, TopologyBuilder};

/// What the strongest core does where others have a capacity and it has none.
const FULL_CAPACITY: u32 = 1024;

impl Topology {
    /// A machine that is made up, by a description in the language of hwloc: levels from the outermost to the innermost,
    /// each with how many there are in one of the level before. For tests and for planning.
    ///
    /// | level | its names | attributes |
    /// |---|---|---|
    /// | package | `pkg` `package` `pack` `socket` | |
    /// | die | `die` | |
    /// | memory node | `numa` `node` `numanode` | `(memory=16GiB)`; 1 GiB without it |
    /// | cache | `l3`, `l2`, `l1` or `l1d`, `l1i` | `(size=32MiB)` |
    /// | cluster | `cluster` `group` | |
    /// | core | `core` | `(capacity=512)`: a kind of core, weaker than the 1,024 of those without it |
    /// | CPU | `pu` | `(siblings=last)`: the first threads of all cores are numbered first, as Linux mostly does |
    ///
    /// Of a level that is left out there is one, a core for each CPU; of caches and clusters none. Numbers follow the
    /// order of the description, so that the threads of a core are neighbours, as in hwloc; unless one `pu` says otherwise.
    /// `MiB` is 1,048,576 bytes and `MB` 1,000,000, there too.
    ///
    /// `+` puts a level beside the last one of its kind, with what comes after inside it: cores of two kinds, or memory
    /// without CPUs (`pu:0` right inside a `numa`).
    ///
    /// Memory nodes are 10 from themselves, 12 from others of the same package and 20 from those of other packages. All
    /// CPUs are online and allowed, as are the nodes that have memory.
    ///
    /// # Errors
    ///
    /// Where a level, count or attribute is none, a level cannot be where it is, or there are more than 8,192 CPUs or 1,024
    /// nodes, the most that Linux is built for.
    ///
    /// ```
    /// use bedplate::topo::Topology;
    ///
    /// let server = Topology::synthetic("pkg:2 numa:1(memory=64GiB) l3:2(size=32MiB) core:4 pu:2")?;
    /// assert_eq!((server.packages().len(), server.l3_domains().len(), server.cores().len()), (2, 4, 16));
    /// assert_eq!(server.online().to_string(), "0-31");
    /// assert_eq!(server.cores()[1].cpus.to_string(), "2-3");
    /// assert_eq!(server.distance(0, 1), Some(20));
    ///
    /// let hybrid = Topology::synthetic("l3:1 core:6 pu:2 + core:8(capacity=640) pu:1")?;
    /// assert_eq!(hybrid.kinds()[0].cpus.to_string(), "12-19");
    ///
    /// let with_cxl = Topology::synthetic("numa:2 core:8 + numa:1(memory=256GiB) pu:0")?;
    /// assert!(with_cxl.nodes()[2].cpus.is_empty());
    /// # Ok::<(), bedplate::topo::SyntheticError>(())
    /// ```
    pub fn synthetic(description: &str) -> Result<Self, SyntheticError> {
        let mut draft = Draft::default();
        Branch::parse(description)?.iter().for_each(|branch| draft.add(branch, &Place::default()));
        Ok(finish(draft))
    }
}

impl TopologyBuilder {
    /// Makes a machine up in place of reading one, as [`Topology::synthetic`] does. Of the CPUs to be
    /// [allowed](Self::allowed), those that it has not are left out.
    ///
    /// # Errors
    ///
    /// As [`Topology::synthetic`].
    ///
    /// ```
    /// use bedplate::topo::{CpuSet, Topology};
    ///
    /// let half = Topology::builder().allowed(CpuSet::from(4..=7)).synthetic("pkg:2 core:4")?;
    /// assert_eq!((half.online().len(), half.suggested_threads()), (8, 4));
    /// # Ok::<(), bedplate::topo::SyntheticError>(())
    /// ```
    pub fn synthetic(self, description: &str) -> Result<Topology, SyntheticError> {
        let mut machine = Topology::synthetic(description)?;
        if let Some(allowed) = &self.allowed {
            machine.allowed &= allowed;
        }
        Ok(machine)
    }
}

fn finish(mut draft: Draft) -> Topology {
    let numbers = draft.numbers();
    let mut kinds: Vec<CoreKind> = Vec::new();
    let has_kinds = draft.cpus.iter().any(|place| place.capacity.is_some());
    for (place, id) in draft.cpus.iter().zip(&numbers) {
        let capacity = has_kinds.then(|| place.capacity.unwrap_or(FULL_CAPACITY));
        match kinds.iter_mut().find(|kind| kind.capacity == capacity) {
            Some(kind) => kind.cpus.insert(*id),
            None => {
                kinds.push(CoreKind { capacity, max_khz: None, cpus: CpuSet::single(*id) });
                true
            }
        };
        // Where the draft put the CPU, all but caches and clusters are known.
        draft.packages[place.package.unwrap_or(0)].cpus.insert(*id);
        draft.dies[place.die.unwrap_or(0)].cpus.insert(*id);
        draft.cores[place.core.unwrap_or(0)].cpus.insert(*id);
        draft.nodes[place.node.unwrap_or(0)].cpus.insert(*id);
        if let Some(cluster) = place.cluster {
            draft.clusters[cluster].cpus.insert(*id);
        }
        for cache in &place.caches {
            draft.caches[*cache].cpus.insert(*id);
        }
    }
    kinds.sort_by_key(|kind| kind.capacity);
    draft.set_distances();
    // In the order of the description they are in that of their first CPU.
    let l3_of: Vec<_> =
        draft.caches.iter().enumerate().filter(|(_, cache)| cache.level == 3).map(|(at, _)| at).collect();
    let l3_domains = l3_of.iter().map(|at| &draft.caches[*at]);
    let l3_domains = l3_domains.map(|cache| L3Domain { size: cache.size, cpus: cache.cpus.clone() }).collect();
    let mut cpus: Vec<Cpu> = draft
        .cpus
        .iter()
        .zip(&numbers)
        .map(|(place, id)| Cpu {
            id: *id,
            core: place.core.unwrap_or(0),
            package: place.package.unwrap_or(0),
            die: place.die.unwrap_or(0),
            cluster: place.cluster,
            kind: kinds.iter().position(|kind| kind.cpus.contains(*id)).unwrap_or(0),
            l3: place.caches.iter().find_map(|cache| l3_of.binary_search(cache).ok()),
            node: place.node.unwrap_or(0),
        })
        .collect();
    cpus.sort_unstable_by_key(|cpu| cpu.id);
    draft.caches.sort_by_key(|cache| (cache.level, cache.cpus.first()));
    let online = CpuSet::from(0..cpus.len());
    let allowed_nodes: NodeSet = draft.nodes.iter().filter(|node| node.memory > 0).map(|node| node.id).collect();
    let Draft { packages, dies, clusters, cores, caches, nodes, .. } = draft;
    Topology {
        allowed: online.clone(),
        online,
        offline: CpuSet::new(),
        allowed_nodes,
        isolated: CpuSet::new(),
        nohz_full: CpuSet::new(),
        cgroup: CgroupLimits::default(),
        cpus,
        cores,
        kinds,
        clusters,
        dies,
        packages,
        caches,
        l3_domains,
        nodes,
        warnings: Vec::new(),
        roots: Roots::default(),
    }
}
