use super::view::View;
use super::{CrossCheckError, Difference, Part, Side, Tally};
use crate::topo::{CacheKind, CpuSet, NodeSet, Topology};

/// This crate's view of the machine beside that of the C library hwloc. Made by [`Topology::cross_check`].
///
/// hwloc leaves out what the process's control group does not allow, so only what it shows is compared. Sorts of parts
/// that one side does not show at all are not compared either: hwloc shows no die that is a whole package, and asks the
/// processor for caches that the kernel does not tell of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrossCheck {
    /// The CPUs that hwloc shows.
    pub hwloc_cpus: CpuSet,
    /// The memory nodes that hwloc shows.
    pub hwloc_nodes: NodeSet,
    /// Packages with such CPUs.
    pub packages: Tally,
    /// Dies with such CPUs.
    pub dies: Tally,
    /// Caches with such CPUs, those of instructions alone left out.
    pub caches: Tally,
    /// Cores with such CPUs.
    pub cores: Tally,
    /// Such CPUs.
    pub cpus: Tally,
    /// Such memory nodes.
    pub nodes: Tally,
    /// Each part that only one side shows, or that has other CPUs on the other side.
    pub differences: Vec<Difference>,
}

impl CrossCheck {
    /// Whether there is no difference: each part that one side shows has the same CPUs on the other.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Topology {
    /// Compares this with what the C library hwloc sees of the machine this runs on. Takes as long as hwloc takes to
    /// read it, milliseconds or more.
    ///
    /// Meaningful for a [detected](Topology::detect) topology, not for another machine's tree.
    ///
    /// # Errors
    ///
    /// Where the library is of another major version than 2, or cannot read the machine.
    ///
    /// ```
    /// use bedplate::topo::Topology;
    ///
    /// let check = Topology::detect()?.cross_check()?;
    /// assert!(check.cpus.agrees(), "{:?}", check.differences);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cross_check(&self) -> Result<CrossCheck, CrossCheckError> {
        let view = View::load()?;
        let ours = parts(self, &view.cpus);
        let count = |is: fn(&Part) -> bool| Tally {
            ours: ours.iter().filter(|(part, _)| is(part)).count(),
            hwloc: view.parts.iter().filter(|(part, _)| is(part)).count(),
        };
        let both = self.online().intersection(&view.cpus);
        let mut check = CrossCheck {
            packages: count(|part| matches!(part, Part::Package)),
            dies: count(|part| matches!(part, Part::Die)),
            caches: count(|part| matches!(part, Part::Cache { .. })),
            cores: count(|part| matches!(part, Part::Core)),
            cpus: Tally { ours: both.len(), hwloc: view.cpus.len() },
            nodes: Tally { ours: self.node_set().intersection(&view.nodes).len(), hwloc: view.nodes.len() },
            differences: differences(&ours, &view.parts),
            hwloc_cpus: view.cpus,
            hwloc_nodes: view.nodes,
        };
        let missing = &check.hwloc_cpus - &both;
        let cpus = missing.iter().map(|cpu| (Part::Cpu, CpuSet::single(cpu), Side::Hwloc));
        let nodes = (&check.hwloc_nodes - &self.node_set())
            .iter()
            .map(|node| (Part::Node(node), CpuSet::new(), Side::Hwloc))
            .collect::<Vec<_>>();
        // Its own node must be among those that hwloc takes for local.
        let strayed = view.nodes_of.iter().filter_map(|(cpu, nodes)| {
            let node = self.cpu(*cpu)?.node;
            let is_local = nodes.as_ref().is_none_or(|nodes| nodes.contains(node) || !check.hwloc_nodes.contains(node));
            (!is_local).then(|| (Part::Node(node), CpuSet::single(*cpu), Side::Topology))
        });
        let more: Vec<_> = cpus.chain(nodes).chain(strayed).collect();
        check.differences.extend(more.into_iter().map(|(part, cpus, only)| Difference { part, cpus, only }));
        Ok(check)
    }
}

/// The parts of `machine` that hwloc may show too, with those of their CPUs that it shows.
fn parts(machine: &Topology, shown: &CpuSet) -> Vec<(Part, CpuSet)> {
    let packages = machine.packages().iter().map(|package| (Part::Package, &package.cpus));
    let dies = machine.dies().iter().map(|die| (Part::Die, &die.cpus));
    let cores = machine.cores().iter().map(|core| (Part::Core, &core.cpus));
    let caches = machine.caches().iter().filter(|cache| cache.kind != CacheKind::Instruction);
    let caches = caches.map(|cache| (Part::Cache { level: cache.level }, &cache.cpus));
    let all = packages.chain(dies).chain(cores).chain(caches);
    all.map(|(part, cpus)| (part, cpus & shown)).filter(|(_, cpus)| !cpus.is_empty()).collect()
}

/// What one side shows and the other does not, of the sorts of parts that both show.
fn differences(ours: &[(Part, CpuSet)], theirs: &[(Part, CpuSet)]) -> Vec<Difference> {
    let only = |some: &[(Part, CpuSet)], other: &[(Part, CpuSet)], side: Side| -> Vec<Difference> {
        some.iter()
            .filter(|(part, _)| other.iter().any(|(theirs, _)| theirs == part))
            .filter(|part| !other.contains(part))
            .map(|(part, cpus)| Difference { part: *part, cpus: cpus.clone(), only: side })
            .collect()
    };
    let mut differences = only(ours, theirs, Side::Topology);
    differences.extend(only(theirs, ours, Side::Hwloc));
    differences
}
