use super::explicit::explicit;
use super::masks::Masks;
use super::order::{core_by_core, deal, far_apart, in_turn, nearest, one_per_core};
use super::site::{Level, sites};
use super::tree::Tree;
use super::{Distance, KindChoice, PlacementError, Plan, Strategy, Width};
use crate::topo::{CpuSet, Topology};

/// Where workers should run on any machine: a [`Strategy`], and what it may use. [`plan`](Self::plan) makes of it where
/// they run on a given one.
///
/// Only CPUs that are [allowed](Topology::allowed) are used. [Isolated](Topology::isolated) ones are left out, unless
/// [`include_isolated`](Self::include_isolated) says otherwise or the strategy is explicit; then those outside of `allowed`
/// may be used too, as far as the [control group](Topology::cgroup) lets: threads of a machine that boots with `isolcpus`
/// start without them, and may be pinned to them.
///
/// As long as there are CPUs without a worker, no CPU is given two. From there on each worker goes to the core that has
/// the least work for what its kind can do, so that the workers of any two cores of one kind differ by one at most once
/// all their CPUs have one; on machines that run more than two threads a core, as soon as the cores that may be used only
/// in part have caught up.
///
/// ```
/// use bedplate::topo::{Placement, Strategy, Topology, Width};
///
/// let machine = Topology::synthetic("pkg:2 l3:2 core:4 pu:2")?;
/// let cores = |placement: Placement, workers| -> Result<Vec<_>, Box<dyn std::error::Error>> {
///     Ok(placement.plan(&machine, workers)?.iter().map(|slot| slot.core.unwrap()).collect())
/// };
/// assert_eq!(cores(Placement::new(Strategy::Compact), 4)?, [0, 0, 1, 1]);
/// assert_eq!(cores(Placement::new(Strategy::Compact).skip_smt(), 4)?, [0, 1, 2, 3]);
/// // Both packages, then the other L3 caches.
/// assert_eq!(cores(Placement::new(Strategy::Scatter), 4)?, [0, 8, 4, 12]);
///
/// // One worker for each L3 cache, free to move among its CPUs.
/// let plan = Placement::new(Strategy::OnePerL3).width(Width::L3).plan(&machine, 4)?;
/// assert!(plan.iter().all(|slot| slot.cpus.len() == 8));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "call `plan` for a machine"]
pub struct Placement {
    strategy: Strategy,
    within: Option<CpuSet>,
    avoid: CpuSet,
    isolated: bool,
    smt: bool,
    exclusive: bool,
    leave: usize,
    width: Width,
}

impl Placement {
    /// Places by `strategy` on every CPU that is allowed and not isolated, one CPU for each worker.
    pub fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            within: None,
            avoid: CpuSet::new(),
            isolated: false,
            smt: true,
            exclusive: false,
            leave: 0,
            width: Width::Cpu,
        }
    }

    /// Uses no other CPUs than these. Where called more than once, those that are in each set.
    pub fn within(mut self, cpus: CpuSet) -> Self {
        self.within = Some(match self.within {
            Some(within) => &within & &cpus,
            None => cpus,
        });
        self
    }

    /// Does not use these CPUs. Where called more than once, those of no set.
    pub fn avoid(mut self, cpus: &CpuSet) -> Self {
        self.avoid |= cpus;
        self
    }

    /// Leaves the first `cores` cores to the system, of those that could be used otherwise and by their lowest CPU:
    /// interrupts go to the lowest CPUs where nobody spread them. 0 where not set.
    pub fn leave_first(mut self, cores: usize) -> Self {
        self.leave = cores;
        self
    }

    /// Uses isolated CPUs as any other. A thread that is pinned to several of them stays on one: the scheduler does not
    /// balance them. So widths other than [`Width::Cpu`] do not go well with it.
    pub fn include_isolated(mut self) -> Self {
        self.isolated = true;
        self
    }

    /// Deals out one CPU of each core only. A [`width`](Self::width) takes in the others still.
    pub fn skip_smt(mut self) -> Self {
        self.smt = false;
        self
    }

    /// How wide the mask of each worker is. [`Width::Cpu`] where not set. Never beyond the CPUs that the placement may use;
    /// without effect on [`Strategy::Unbound`] and [`Strategy::Explicit`].
    pub fn width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// Refuses to plan for more workers than there are [places](Plan::places): CPUs, or the cores, L3 caches, nodes or sets
    /// that the strategy deals out.
    pub fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }

    /// Where `workers` workers run on the machine. The same for the same machine and number, and but for
    /// [`Strategy::Near`] without a look at anything else; none where `workers` is 0.
    ///
    /// Takes time in proportion to workers and CPUs, and to how many groups or cores a group holds; allocates.
    ///
    /// # Errors
    ///
    /// [`PlacementError::NoCpus`] where none is left to use, [`PlacementError::TooMany`] where the placement is
    /// [`exclusive`](Self::exclusive), and what fits the strategy: a node, kind or device that is not there, a set without
    /// a CPU that may be used.
    ///
    /// ```
    /// use bedplate::topo::{CpuSet, Placement, Strategy, Topology};
    ///
    /// let machine = Topology::synthetic("core:2 pu:2")?;
    /// let plan = Placement::new(Strategy::OnePerCore).plan(&machine, 6)?;
    /// assert_eq!((plan.places(), plan.max_load()), (2, 2));
    ///
    /// let error = Placement::new(Strategy::OnePerCore).exclusive().plan(&machine, 6).unwrap_err();
    /// assert_eq!(error.to_string(), "6 workers and 2 places for them");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self, topology: &Topology, workers: usize) -> Result<Plan, PlacementError> {
        let usable = self.usable(topology)?;
        if usable.is_empty() {
            return Err(PlacementError::NoCpus { allowed: topology.allowed().clone() });
        }
        let plan = match &self.strategy {
            Strategy::Explicit(sets) => explicit(topology, sets, &usable, workers)?,
            strategy => self.dealt(topology, strategy, &usable, workers)?,
        };
        if self.exclusive && workers > plan.places {
            return Err(PlacementError::TooMany { workers, places: plan.places });
        }
        Ok(plan)
    }

    /// The CPUs that may be used at all.
    fn usable(&self, topology: &Topology) -> Result<CpuSet, PlacementError> {
        let mut usable = topology.online() & topology.allowed();
        if self.isolated || matches!(self.strategy, Strategy::Explicit(_)) {
            let isolated = topology.online() & topology.isolated();
            usable |= &topology.cgroup().cpus.as_ref().map_or(isolated.clone(), |limit| &isolated & limit);
        } else {
            usable -= topology.isolated();
        }
        if let Some(within) = &self.within {
            usable &= within;
        }
        usable -= &self.avoid;
        let cores = topology.cores().iter().filter(|core| !core.cpus.is_disjoint(&usable));
        let left: Vec<_> = cores.take(self.leave).collect();
        left.into_iter().for_each(|core| usable -= &core.cpus);
        match &self.strategy {
            Strategy::NodeLocal(node) => match topology.node(*node) {
                Some(node) => usable &= &node.near,
                None => return Err(PlacementError::NoSuchNode { node: *node }),
            },
            Strategy::Kind(choice) => {
                let kinds = topology.kinds();
                let index = match choice {
                    KindChoice::Performance => kinds.len().saturating_sub(1),
                    KindChoice::Efficient => 0,
                    KindChoice::Index(index) => *index,
                };
                match kinds.get(index) {
                    Some(kind) => usable &= &kind.cpus,
                    None => return Err(PlacementError::NoSuchKind { index, kinds: kinds.len() }),
                }
            }
            _ => {}
        }
        Ok(usable)
    }

    /// The plan of all strategies but the explicit one.
    fn dealt(
        &self,
        topology: &Topology,
        strategy: &Strategy,
        usable: &CpuSet,
        workers: usize,
    ) -> Result<Plan, PlacementError> {
        let sites = sites(topology, usable, if self.smt { usize::MAX } else { 1 });
        let mut tree = Tree::new(&sites);
        let cores = tree.close_together(&sites);
        let mut groups = None;
        let order = match strategy {
            Strategy::Compact => core_by_core(&sites, &cores),
            Strategy::Scatter => far_apart(&mut tree),
            Strategy::OnePerCore => {
                groups = Some(cores.len());
                one_per_core(&sites, &cores)
            }
            Strategy::OnePerL3 | Strategy::OnePerNode => {
                let level = if *strategy == Strategy::OnePerL3 { Level::L3 } else { Level::Node };
                let (order, count) = in_turn(&sites, &cores, level);
                groups = Some(count);
                order
            }
            Strategy::Near(device) => {
                let device = Distance::to_device(topology, device)?;
                nearest(&sites, &cores, |site| device.of(site))
            }
            _ => one_per_core(&sites, &cores),
        };
        let places = groups.unwrap_or(order.len());
        let width = if *strategy == Strategy::Unbound { None } else { Some(self.width) };
        let mut masks = Masks::new(topology, usable, width);
        let homes = deal(&sites, &order, workers);
        let slots = homes.into_iter().map(|(site, nth)| masks.slot(sites[site].cpus[nth])).collect();
        Ok(Plan { slots, places, dropped: CpuSet::new() })
    }
}
