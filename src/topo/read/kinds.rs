//! Which cores are of another kind than others.
//!
//! Sources, the first that tells more than one kind or that none is to be told apart wins:
//!
//! 1. `devices/cpu_core/cpus`, `cpu_atom`, `cpu_lowpower`: Intel's counters are those of a kind of core, and name it.
//! 2. `regs/identification/midr_el1`: the part number of an Arm core. Capacities and frequencies differ there also
//!    between cores of one design that sit in different clusters.
//! 3. `cpu_capacity`: the scheduler's measure.
//! 4. `cpufreq/base_frequency`, `cpufreq/cpuinfo_max_freq`.
//!
//! The last two measure and do not name. Cores of one design differ there by some per cent, those that turbo favours
//! (ITMT) for one; kinds differ by a fifth or more. [`GAP`] is between.

use std::cmp::Reverse;

use super::groups::cpu_folder;
use crate::topo::files::{Files, Folder};
use crate::topo::{CoreKind, CpuSet};

/// Cores are of different kinds where the stronger has more than this many per cent of what the weaker has.
const GAP: u64 = 110;

/// Intel's kinds of cores, weakest first.
const COUNTERS: [&str; 3] = ["devices/cpu_lowpower/cpus", "devices/cpu_atom/cpus", "devices/cpu_core/cpus"];

/// What is known of the cores, as they are read.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    cores: Vec<Facts>,
    /// The kernel gives these to all CPUs or to none.
    has_midr: Presence,
    has_capacity: Presence,
    has_frequency: Presence,
}

/// Whether the kernel has a file; not known before the first CPU was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Presence {
    #[default]
    Unknown,
    There,
    Missing,
}

#[derive(Debug)]
struct Facts {
    cpu: usize,
    cpus: CpuSet,
    design: Design,
}

/// What tells cores of different designs apart, and perhaps some of the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Design {
    /// Maker and part number of an Arm core.
    part: Option<u64>,
    capacity: Option<u32>,
    max_khz: Option<u64>,
}

impl Kinds {
    /// Takes note of the core of `cpu`, whose CPUs are `cpus`.
    pub(super) fn add(&mut self, sys: &mut Files, folder: Option<&Folder>, cpu: usize, cpus: &CpuSet) -> Design {
        let design = folder.map_or_else(Design::default, |folder| Design {
            part: self.has_midr.ask(|| part(sys.text_in(folder, "regs/identification/midr_el1")?)),
            capacity: self.has_capacity.ask(|| sys.number_in(folder, "cpu_capacity")),
            max_khz: self.has_frequency.ask(|| sys.number_in(folder, "cpufreq/cpuinfo_max_freq")),
        });
        self.cores.push(Facts { cpu, cpus: cpus.clone(), design });
        design
    }

    /// The kinds, weakest first; at least one. Each of the `online` CPUs is in one.
    pub(super) fn finish(self, sys: &mut Files, online: &CpuSet) -> Vec<CoreKind> {
        let named = self.by_counters(sys, online);
        if named.len() > 1 {
            return named;
        }
        let mut kinds = match self.by_part() {
            Some(kinds) => kinds,
            None => self.by_measure(sys),
        };
        // Of kinds that nothing ranks, that of the first CPU counts as the strongest: so Linux numbers Intel's.
        kinds.sort_by_key(|kind| (kind.capacity, kind.max_khz, Reverse(kind.cpus.first())));
        kinds
    }

    fn by_counters(&self, sys: &mut Files, online: &CpuSet) -> Vec<CoreKind> {
        let mut rest = online.clone();
        let mut named = Vec::new();
        for path in COUNTERS {
            let cpus = &sys.list(path).unwrap_or_default() & &rest;
            rest -= &cpus;
            named.push(cpus);
        }
        // What Intel has no name for yet.
        named.insert(0, rest);
        named.into_iter().filter(|cpus| !cpus.is_empty()).map(|cpus| self.kind(cpus)).collect()
    }

    /// `None` where not all cores tell their part number.
    fn by_part(&self) -> Option<Vec<CoreKind>> {
        let mut parts = Vec::new();
        for core in &self.cores {
            let part = core.design.part?;
            match parts.iter_mut().find(|(known, _)| *known == part) {
                Some((_, cpus)) => *cpus |= &core.cpus,
                None => parts.push((part, core.cpus.clone())),
            }
        }
        Some(parts.into_iter().map(|(_, cpus)| self.kind(cpus)).collect())
    }

    fn by_measure(&self, sys: &mut Files) -> Vec<CoreKind> {
        let by_capacity = self.apart(|core| core.design.capacity.map(u64::from));
        if by_capacity.len() > 1 {
            return by_capacity;
        }
        let by_turbo = self.apart(|core| core.design.max_khz);
        if by_turbo.len() == 1 {
            return by_turbo;
        }
        // Favoured cores have a higher turbo and no higher base.
        let base: Vec<Option<u64>> = self
            .cores
            .iter()
            .map(|core| {
                let folder = cpu_folder(sys, core.cpu)?;
                sys.number_in(&folder, "cpufreq/base_frequency")
            })
            .collect();
        if base.iter().any(Option::is_none) {
            return by_turbo;
        }
        let mut base = base.into_iter();
        self.apart(|_| base.next().flatten())
    }

    /// The cores in groups, with a [`GAP`] between the measures of any two groups. One group where a core has none.
    fn apart(&self, mut measure: impl FnMut(&Facts) -> Option<u64>) -> Vec<CoreKind> {
        let measures: Option<Vec<_>> = self.cores.iter().map(|core| Some((measure(core)?, &core.cpus))).collect();
        let mut groups: Vec<(u64, CpuSet)> = Vec::new();
        let mut measures = measures.unwrap_or_default();
        measures.sort_by_key(|(measure, _)| *measure);
        for (measure, cpus) in measures {
            match groups.last_mut() {
                Some((last, group)) if u128::from(measure) * 100 <= u128::from(*last) * u128::from(GAP) => {
                    *last = measure;
                    *group |= cpus;
                }
                _ => groups.push((measure, cpus.clone())),
            }
        }
        if groups.is_empty() {
            let all = self.cores.iter().fold(CpuSet::new(), |all, core| &all | &core.cpus);
            groups.push((0, all));
        }
        groups.into_iter().map(|(_, cpus)| self.kind(cpus)).collect()
    }

    fn kind(&self, cpus: CpuSet) -> CoreKind {
        let cores = || self.cores.iter().filter(|core| cpus.contains(core.cpu));
        let capacity = cores().filter_map(|core| core.design.capacity).max();
        let max_khz = cores().filter_map(|core| core.design.max_khz).max();
        CoreKind { capacity, max_khz, cpus }
    }
}

impl Presence {
    /// What `read` finds; not called any more once it found nothing the first time.
    fn ask<T>(&mut self, read: impl FnOnce() -> Option<T>) -> Option<T> {
        if *self == Self::Missing {
            return None;
        }
        let found = read();
        if *self == Self::Unknown {
            *self = if found.is_some() { Self::There } else { Self::Missing };
        }
        found
    }
}

/// Maker and part number of a main identification register: `0x00000000410fd871`. Variant and revision between them
/// differ from chip to chip of one design.
fn part(text: &str) -> Option<u64> {
    let midr = u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()?;
    Some(midr & 0xff00_fff0)
}
