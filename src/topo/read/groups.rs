//! Packages, dies, clusters and cores.
//!
//! A set says which CPUs belong together; numbers repeat from package to package. Sets that contradict each other,
//! which no kernel writes, still end in groups of which each CPU is in one: the first group that claims it has it, a
//! die ends at its package's border and a core at its die's.

use super::owners::Owners;
use crate::topo::files::{Files, Folder};
use crate::topo::{Cluster, Core, CpuSet, Die, L3Domain, Package, Warning};

pub(super) struct Groups<'a> {
    online: &'a CpuSet,
    pub(super) packages: Vec<Package>,
    pub(super) dies: Vec<Die>,
    pub(super) clusters: Vec<Cluster>,
    pub(super) cores: Vec<Core>,
    package_of: Owners,
    die_of: Owners,
    cluster_of: Owners,
    core_of: Owners,
    /// CPUs of which neither set nor number is known.
    unknown: CpuSet,
    /// Whether the kernel has the files of clusters and dies at all, which is the same for all CPUs.
    has_clusters: bool,
    has_dies: bool,
    /// Whether the CPUs of one core have core numbers of their own; `None` until a core has several CPUs.
    own_numbers: Option<bool>,
}

impl<'a> Groups<'a> {
    /// Finds the packages; the cores are [added](Self::add_core) one by one.
    pub(super) fn read(sys: &mut Files, online: &'a CpuSet) -> Self {
        let mut groups = Self {
            online,
            packages: Vec::new(),
            dies: Vec::new(),
            clusters: Vec::new(),
            cores: Vec::new(),
            package_of: Owners::default(),
            die_of: Owners::default(),
            cluster_of: Owners::default(),
            core_of: Owners::default(),
            unknown: CpuSet::new(),
            has_clusters: true,
            has_dies: true,
            own_numbers: None,
        };
        groups.read_packages(sys);
        groups
    }

    fn read_packages(&mut self, sys: &mut Files) {
        for cpu in self.online {
            if self.package_of.get(cpu).is_some() {
                continue;
            }
            let folder = cpu_folder(sys, cpu);
            let id = folder.as_ref().and_then(|folder| sys.number_in(folder, "topology/physical_package_id"));
            let named = folder.as_ref().and_then(|folder| named_set(sys, folder, &PACKAGE_NAMES));
            // Without the set, the number tells as well which CPUs belong together.
            let known = self.packages.iter().position(|package| id.is_some() && package.id == id);
            match (named, known) {
                (Some(cpus), _) => {
                    let cpus = self.unowned(cpus, cpu, &self.package_of);
                    self.package_of.set(&cpus, self.packages.len());
                    self.packages.push(Package { id, cpus });
                }
                (None, Some(known)) => {
                    self.package_of.set(&CpuSet::single(cpu), known);
                    self.packages[known].cpus.insert(cpu);
                }
                (None, None) if id.is_some() => {
                    self.package_of.set(&CpuSet::single(cpu), self.packages.len());
                    self.packages.push(Package { id, cpus: CpuSet::single(cpu) });
                }
                (None, None) => {
                    self.unknown.insert(cpu);
                }
            }
        }
        // Some that tell nothing themselves are in what others tell.
        let homeless: CpuSet = self.unknown.iter().filter(|cpu| self.package_of.get(*cpu).is_none()).collect();
        if !homeless.is_empty() {
            if self.packages.is_empty() {
                self.packages.push(Package { id: None, cpus: CpuSet::new() });
            }
            self.packages[0].cpus |= &homeless;
        }
        if !self.unknown.is_empty() {
            self.packages.sort_by_key(|package| package.cpus.first());
            self.package_of = Owners::of(self.packages.iter().map(|package| &package.cpus));
        }
    }

    pub(super) fn has_core(&self, cpu: usize) -> bool {
        self.core_of.get(cpu).is_some()
    }

    /// Adds the core of `cpu`, which has none yet, and its die and cluster where they are new.
    pub(super) fn add_core(&mut self, sys: &mut Files, folder: Option<&Folder>, cpu: usize) -> &CpuSet {
        let die = self.die_of.get(cpu).unwrap_or_else(|| self.add_die(sys, folder, cpu));
        let mut core = Core { id: None, package: self.dies[die].package, cpus: CpuSet::single(cpu) };
        let siblings = folder.and_then(|folder| named_set(sys, folder, &CORE_NAMES));
        match (folder, siblings) {
            (Some(folder), Some(siblings)) => {
                core.id = sys.number_in(folder, "topology/core_id");
                core.cpus = self.unowned(&siblings & &self.dies[die].cpus, cpu, &self.core_of);
                self.split(sys, &mut core, cpu);
            }
            _ => {
                self.unknown.insert(cpu);
            }
        }
        self.core_of.set(&core.cpus, self.cores.len());
        self.add_to_cluster(sys, folder, cpu, &core, die);
        self.cores.push(core);
        &self.cores[self.cores.len() - 1].cpus
    }

    /// Where `cpu` is, whose core was added.
    pub(super) fn place(&self, cpu: usize) -> Place {
        let (core, die) = (self.core_of.get(cpu).unwrap_or(0), self.die_of.get(cpu).unwrap_or(0));
        Place { core, die, package: self.dies[die].package }
    }

    /// Leaves `cpu` alone in its core where its siblings have core numbers of their own: the modules of AMD's family
    /// 15h, which share a front end and no more.
    ///
    /// The first core of several CPUs tells for all: a machine has such modules or has none.
    fn split(&mut self, sys: &mut Files, core: &mut Core, cpu: usize) {
        if core.cpus.len() == 1 || core.id.is_none() || self.own_numbers == Some(false) {
            return;
        }
        let is_other = |other: &usize| {
            let id = cpu_folder(sys, *other).and_then(|folder| sys.number_in::<u32>(&folder, "topology/core_id"));
            *other != cpu && id != core.id
        };
        let others: CpuSet = core.cpus.iter().filter(is_other).collect();
        self.own_numbers.get_or_insert(!others.is_empty());
        core.cpus -= &others;
    }

    fn add_die(&mut self, sys: &mut Files, folder: Option<&Folder>, cpu: usize) -> usize {
        let package = self.package_of.get(cpu).unwrap_or(0);
        let mut die = Die { id: None, package, cpus: CpuSet::new() };
        let id = folder.filter(|_| self.has_dies).and_then(|folder| sys.number_in(folder, "topology/die_id"));
        let named = folder.filter(|_| id.is_some()).and_then(|folder| named_set(sys, folder, &DIE_NAMES));
        match named {
            Some(cpus) => {
                die.id = id;
                die.cpus = self.unowned(&cpus & &self.packages[package].cpus, cpu, &self.die_of);
            }
            // Kernels of machines without dies give none, or each CPU one without a number.
            None => {
                self.has_dies &= folder.is_none();
                die.cpus = self.unowned(self.packages[package].cpus.clone(), cpu, &self.die_of);
            }
        }
        self.die_of.set(&die.cpus, self.dies.len());
        self.dies.push(die);
        self.dies.len() - 1
    }

    /// A cluster that is one core is none: kernels give each core one where the processor has none.
    fn add_to_cluster(&mut self, sys: &mut Files, folder: Option<&Folder>, cpu: usize, core: &Core, die: usize) {
        if let Some(known) = self.cluster_of.get(cpu) {
            self.clusters[known].cpus |= &core.cpus;
            return;
        }
        let Some(folder) = folder.filter(|_| self.has_clusters) else { return };
        let Some(cpus) = named_set(sys, folder, &CLUSTER_NAMES) else {
            self.has_clusters = false;
            return;
        };
        let claimed = self.unowned(&cpus & &self.dies[die].cpus, cpu, &self.cluster_of);
        if claimed.is_subset(&core.cpus) {
            return;
        }
        let id = sys.number_in(folder, "topology/cluster_id");
        self.cluster_of.set(&claimed, self.clusters.len());
        self.clusters.push(Cluster { id, package: core.package, cpus: core.cpus.clone() });
    }

    /// Ends the reading: clusters that say nothing new go, as in the kernel's scheduler.
    pub(super) fn finish(&mut self, sys: &mut Files, l3_domains: &[L3Domain]) {
        let l3_of = Owners::of(l3_domains.iter().map(|l3| &l3.cpus));
        let is_more = |cluster: &Cluster| {
            let cpus = &cluster.cpus;
            // A group that is equal holds its first CPU.
            let Some(cpu) = cpus.first() else { return false };
            l3_of.get(cpu).is_none_or(|l3| l3_domains[l3].cpus != *cpus)
                && self.core_of.get(cpu).is_none_or(|core| self.cores[core].cpus != *cpus)
                && self.die_of.get(cpu).is_none_or(|die| self.dies[die].cpus != *cpus)
                && self.packages[cluster.package].cpus != *cpus
        };
        let clusters = std::mem::take(&mut self.clusters);
        self.clusters = clusters.into_iter().filter(is_more).collect();
        if !self.unknown.is_empty() {
            sys.warn(Warning::NoTopology { cpus: std::mem::take(&mut self.unknown) });
        }
    }

    /// Those of `cpus` that are online and that nobody has, and `cpu`.
    fn unowned(&self, mut cpus: CpuSet, cpu: usize, owners: &Owners) -> CpuSet {
        cpus &= self.online;
        if cpus.iter().any(|other| owners.get(other).is_some()) {
            cpus = cpus.iter().filter(|other| owners.get(*other).is_none()).collect();
        }
        cpus.insert(cpu);
        cpus
    }
}

/// The groups of a CPU, as indexes.
pub(super) struct Place {
    pub(super) core: usize,
    pub(super) die: usize,
    pub(super) package: usize,
}

/// Today's names as masks, those from before Linux 5.3, and both again as lists.
const PACKAGE_NAMES: Names = Names {
    masks: &["topology/package_cpus", "topology/core_siblings"],
    lists: &["topology/package_cpus_list", "topology/core_siblings_list"],
};
const CORE_NAMES: Names = Names {
    masks: &["topology/core_cpus", "topology/thread_siblings"],
    lists: &["topology/core_cpus_list", "topology/thread_siblings_list"],
};
const DIE_NAMES: Names = Names { masks: &["topology/die_cpus"], lists: &["topology/die_cpus_list"] };
const CLUSTER_NAMES: Names = Names { masks: &["topology/cluster_cpus"], lists: &["topology/cluster_cpus_list"] };

struct Names {
    masks: &'static [&'static str],
    lists: &'static [&'static str],
}

fn named_set(sys: &mut Files, folder: &Folder, names: &Names) -> Option<CpuSet> {
    let mask = names.masks.iter().find_map(|name| sys.mask_in(folder, name));
    mask.or_else(|| names.lists.iter().find_map(|name| sys.list_in(folder, name)))
}

pub(super) fn cpu_folder(sys: &mut Files, cpu: usize) -> Option<Folder> {
    sys.folder(&format!("devices/system/cpu/cpu{cpu}"))
}
