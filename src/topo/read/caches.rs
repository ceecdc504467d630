//! The caches of all levels.

use super::groups::cpu_folder;
use super::kinds::Design;
use super::owners::Owners;
use crate::topo::files::{Files, Folder};
use crate::topo::{Cache, CacheKind, CpuSet, L3Domain};

/// The folders are numbered without gaps, but for caches that some machines keep to themselves: from here on the
/// first that is missing is the end.
const GAPS: usize = 3;

/// Higher than any level that a processor has; what claims more is garbage.
const HIGHEST: u32 = 9;

/// Caches in the making.
///
/// Most files of most caches are the same for all cores, and a machine of 256 CPUs has a thousand caches. So for each
/// only its CPUs and its size are read; its level, type and line are those of a cache of the same number, size and
/// count of CPUs that was read of a core of the same [`Design`].
#[derive(Debug, Default)]
pub(super) struct Caches {
    caches: Vec<Cache>,
    /// For each folder which cache a CPU finds there.
    cache_of: [Owners; INDEXES.len()],
    /// For each level and kind the CPUs whose cache is known.
    known: Vec<(u32, CacheKind, CpuSet)>,
    /// For each folder the caches that are alike.
    models: Vec<(usize, Model)>,
}

/// What tells caches apart whose files need reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Looks {
    design: Design,
    size: Option<u64>,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Model {
    looks: Looks,
    level: u32,
    kind: CacheKind,
    line: Option<u32>,
}

impl Caches {
    /// Adds the caches that the CPUs of `core`, whose first has `folder`, use and that are not known yet.
    pub(super) fn add(&mut self, sys: &mut Files, folder: &Folder, core: &CpuSet, design: Design, online: &CpuSet) {
        let mut cpus = core.iter();
        let Some(first) = cpus.next() else { return };
        if core.is_subset(&self.add_of(sys, folder, first, design, online)) {
            return;
        }
        // Some virtual machines, and AMD's family 15h, give each CPU of a core an L1 cache.
        for cpu in cpus {
            if let Some(folder) = cpu_folder(sys, cpu) {
                self.add_of(sys, &folder, cpu, design, online);
            }
        }
    }

    /// Adds the caches of one CPU; returns the CPUs that have all of them in common.
    fn add_of(&mut self, sys: &mut Files, folder: &Folder, cpu: usize, design: Design, online: &CpuSet) -> CpuSet {
        let mut common = online.clone();
        for (index, names) in INDEXES.iter().enumerate() {
            match sys.mask_in(folder, names.mask) {
                None if index >= GAPS => break,
                None => {}
                Some(mut cpus) => {
                    cpus &= online;
                    cpus.insert(cpu);
                    common &= &cpus;
                    self.add_one(sys, folder, (index, names), cpu, design, cpus);
                }
            }
        }
        common
    }

    fn add_one(
        &mut self,
        sys: &mut Files,
        folder: &Folder,
        (index, names): (usize, &Names),
        cpu: usize,
        design: Design,
        mut cpus: CpuSet,
    ) {
        if self.cache_of[index].get(cpu).is_some_and(|known| self.caches[known].cpus == cpus) {
            return;
        }
        let size = sys.text_in(folder, names.size).and_then(bytes);
        let looks = Looks { design, size, count: cpus.len() };
        let model = self.models.iter().find(|(known, model)| *known == index && model.looks == looks);
        let model = match model {
            Some((_, model)) => *model,
            None => {
                let Some(model) = read_model(sys, folder, names, looks) else { return };
                self.models.push((index, model));
                model
            }
        };
        let Model { level, kind, line, .. } = model;
        let at = self.known.iter().position(|known| (known.0, known.1) == (level, kind)).unwrap_or_else(|| {
            self.known.push((level, kind, CpuSet::new()));
            self.known.len() - 1
        });
        let known = &mut self.known[at].2;
        if known.contains(cpu) {
            return;
        }
        cpus -= known;
        *known |= &cpus;
        self.cache_of[index].set(&cpus, self.caches.len());
        self.caches.push(Cache { level, kind, size, line, cpus });
    }

    /// All caches, by level and then by first CPU, and those that are L3 domains.
    pub(super) fn finish(self) -> (Vec<Cache>, Vec<L3Domain>) {
        let mut caches = self.caches;
        // Stable: the data cache of a core comes before its instruction cache, as in the kernel's numbering.
        caches.sort_by_key(|cache| (cache.level, cache.cpus.first()));
        let mut known = CpuSet::new();
        let mut domains = Vec::new();
        for cache in caches.iter().filter(|cache| cache.level == 3 && cache.kind != CacheKind::Instruction) {
            let cpus = &cache.cpus - &known;
            if !cpus.is_empty() {
                known |= &cpus;
                domains.push(L3Domain { size: cache.size, cpus });
            }
        }
        domains.sort_by_key(|domain| domain.cpus.first());
        (caches, domains)
    }
}

fn read_model(sys: &mut Files, folder: &Folder, names: &Names, looks: Looks) -> Option<Model> {
    let level = sys.number_in(folder, names.level).filter(|level| (1..=HIGHEST).contains(level))?;
    let kind = match sys.text_in(folder, names.kind)? {
        "Data" => CacheKind::Data,
        "Instruction" => CacheKind::Instruction,
        "Unified" => CacheKind::Unified,
        _ => return None,
    };
    Some(Model { looks, level, kind, line: sys.number_in(folder, names.line) })
}

/// The names of the files of one cache: made by the compiler, since a machine of hundreds of CPUs has thousands of them.
struct Names {
    level: &'static str,
    kind: &'static str,
    size: &'static str,
    line: &'static str,
    mask: &'static str,
}

macro_rules! index {
    ($index:literal) => {
        Names {
            level: concat!("cache/index", $index, "/level"),
            kind: concat!("cache/index", $index, "/type"),
            size: concat!("cache/index", $index, "/size"),
            line: concat!("cache/index", $index, "/coherency_line_size"),
            mask: concat!("cache/index", $index, "/shared_cpu_map"),
        }
    };
}

/// The cache folders that are looked for; no processor has more caches above a core.
const INDEXES: [Names; 10] =
    [index!(0), index!(1), index!(2), index!(3), index!(4), index!(5), index!(6), index!(7), index!(8), index!(9)];

/// `32K`, `30M`: the size of a cache.
fn bytes(text: &str) -> Option<u64> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 10),
        b'M' => (&text[..text.len() - 1], 20),
        b'G' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}
