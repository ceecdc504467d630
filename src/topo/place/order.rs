//! In which order places are dealt out.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::site::{Level, Site};
use super::tree::Tree;

/// A place: the index of a [`Site`], and which of its CPUs.
pub(super) type Place = (usize, usize);

/// All places of each core in turn.
pub(super) fn core_by_core(sites: &[Site<'_>], cores: &[usize]) -> Vec<Place> {
    cores.iter().flat_map(|core| (0..sites[*core].places).map(|nth| (*core, nth))).collect()
}

/// The first place of each core, then the second of each, and so on.
pub(super) fn one_per_core(sites: &[Site<'_>], cores: &[usize]) -> Vec<Place> {
    let most = cores.iter().map(|core| sites[*core].places).max().unwrap_or(0);
    (0..most)
        .flat_map(|nth| cores.iter().filter(move |core| sites[**core].places > nth).map(move |core| (*core, nth)))
        .collect()
}

/// In turn from each group of a level, of each group as [`one_per_core`]. Also how many groups there are.
pub(super) fn in_turn(sites: &[Site<'_>], cores: &[usize], level: Level) -> (Vec<Place>, usize) {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known = HashMap::new();
    for core in cores {
        let group = *known.entry(sites[*core].group(level)).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(*core);
    }
    let mut queues: Vec<_> = groups.iter().map(|cores| one_per_core(sites, cores).into_iter()).collect();
    let mut order = Vec::with_capacity(2 * cores.len());
    loop {
        let before = order.len();
        order.extend(queues.iter_mut().filter_map(Iterator::next));
        if order.len() == before {
            return (order, groups.len());
        }
    }
}

/// The nearest cores first, at each distance as [`one_per_core`].
pub(super) fn nearest<K: Ord + Copy>(
    sites: &[Site<'_>],
    cores: &[usize],
    distance: impl Fn(&Site<'_>) -> K,
) -> Vec<Place> {
    let mut cores: Vec<_> = cores.iter().map(|core| (distance(&sites[*core]), *core)).collect();
    cores.sort_by_key(|(distance, _)| *distance);
    let belts = cores.chunk_by(|one, other| one.0 == other.0);
    belts.flat_map(|belt| one_per_core(sites, &belt.iter().map(|(_, core)| *core).collect::<Vec<_>>())).collect()
}

/// All places, each as far from those before it as can be.
pub(super) fn far_apart(tree: &mut Tree) -> Vec<Place> {
    std::iter::from_fn(|| tree.take_far_apart()).collect()
}

/// Deals the places of `order` out to `workers`, and where there are more workers than places goes on with the core that
/// has the least work for what its kind can do, its CPUs in turn.
pub(super) fn deal(sites: &[Site<'_>], order: &[Place], workers: usize) -> Vec<Place> {
    let mut dealt: Vec<_> = order.iter().copied().take(workers).collect();
    if dealt.len() < workers {
        let mut cores = loaded(sites, order);
        while dealt.len() < workers {
            let Some(mut least) = cores.peek_mut() else { break };
            dealt.push((least.site, least.load % sites[least.site].places));
            least.load += 1;
        }
    }
    dealt
}

/// The cores, each with as many workers as it has places.
fn loaded(sites: &[Site<'_>], order: &[Place]) -> BinaryHeap<Loaded> {
    // What a core of a kind can do is taken for the number of threads it runs, though some of this one may not be placed on.
    let mut widths = HashMap::new();
    for site in sites {
        let width = widths.entry(site.kind).or_insert(site.places);
        *width = site.places.max(*width);
    }
    let first_places = order.iter().enumerate().filter(|(_, (_, nth))| *nth == 0);
    first_places
        .map(|(rank, (site, _))| Loaded {
            site: *site,
            load: sites[*site].places,
            width: widths[&sites[*site].kind],
            rank,
        })
        .collect()
}

/// A core and its work. The greatest is the one to be given the next worker.
#[derive(Debug, PartialEq, Eq)]
struct Loaded {
    site: usize,
    load: usize,
    width: usize,
    /// When it comes in the order of places.
    rank: usize,
}

impl Ord for Loaded {
    fn cmp(&self, other: &Self) -> Ordering {
        // By load / width, without the remainders.
        let (mine, theirs) = (self.load * other.width, other.load * self.width);
        theirs.cmp(&mine).then(other.rank.cmp(&self.rank))
    }
}

impl PartialOrd for Loaded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
