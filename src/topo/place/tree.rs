use std::cmp::Reverse;

use super::site::{Level, Site, levels};

const ROOT: usize = 0;

/// Stands for a depth where there is nothing left to take.
const FULL: usize = usize::MAX;

/// The cores of a machine and the groups they are in, one inside the other, from the coarsest level to the finest; the
/// leaves are the cores.
///
/// Where the groups of two levels overlap, the finer ones are cut.
#[derive(Debug)]
pub(super) struct Tree {
    branches: Vec<Branch>,
    levels: [Level; Level::ALL.len()],
}

#[derive(Debug)]
struct Branch {
    /// The root's is itself.
    parent: usize,
    depth: usize,
    /// What tells it from its siblings: the group, or the index of the core.
    id: usize,
    /// In the order of the cores: stronger ones first, then by number.
    children: Vec<usize>,
    /// The places below, and those of them that are not taken.
    places: usize,
    left: usize,
    /// The depth of the coarsest group below, or this one, that nothing was taken of. Deeper than any core where each core
    /// has been taken.
    fresh: usize,
}

impl Tree {
    pub(super) fn new(sites: &[Site<'_>]) -> Self {
        let mut tree = Self { branches: Vec::with_capacity(2 * sites.len() + 8), levels: levels(sites) };
        tree.branches.push(Branch::new(ROOT, 0, 0));
        for (i, site) in sites.iter().enumerate() {
            let mut at = ROOT;
            tree.branches[ROOT].add(site.places);
            for level in tree.levels {
                at = tree.child(at, site.group(level));
                tree.branches[at].add(site.places);
            }
            let leaf = tree.child(at, i);
            tree.branches[leaf].add(site.places);
        }
        tree
    }

    fn child(&mut self, parent: usize, id: usize) -> usize {
        // The one that is looked for is mostly the last.
        let known = self.branches[parent].children.iter().rev().find(|child| self.branches[**child].id == id);
        if let Some(known) = known {
            return *known;
        }
        let new = self.branches.len();
        let depth = self.branches[parent].depth + 1;
        self.branches.push(Branch::new(parent, depth, id));
        self.branches[parent].children.push(new);
        new
    }

    /// The cores, close together: at each level the group with the most places first; from the clusters down, stronger
    /// cores before weaker.
    pub(super) fn close_together(&self, sites: &[Site<'_>]) -> Vec<usize> {
        let mut cores = Vec::with_capacity(sites.len());
        // Sorted so that the next one is the last.
        let mut open = vec![ROOT];
        while let Some(at) = open.pop() {
            let branch = &self.branches[at];
            if branch.children.is_empty() {
                cores.push(branch.id);
                continue;
            }
            let fine = self.levels.get(branch.depth).is_none_or(|level| *level == Level::Cluster);
            let from = open.len();
            open.extend(&branch.children);
            let kind = |child: usize| if fine { sites[self.first_core(child)].kind } else { 0 };
            open[from..].sort_by_key(|child| Reverse((kind(*child), self.branches[*child].places)));
            open[from..].reverse();
        }
        cores
    }

    fn first_core(&self, mut at: usize) -> usize {
        while let Some(first) = self.branches[at].children.first() {
            at = *first;
        }
        self.branches[at].id
    }

    /// Takes the place that is farthest from those that were taken: the core of it, and how many of the core were taken
    /// before. `None` where all are taken.
    ///
    /// It is in the coarsest group that nothing was taken of; among those in the one of which less was taken, from the
    /// coarsest level down.
    pub(super) fn take_far_apart(&mut self) -> Option<(usize, usize)> {
        let mut at = ROOT;
        while let Some(next) = self.branches[at].children.iter().min_by_key(|child| {
            let branch = &self.branches[**child];
            (branch.fresh, branch.taken())
        }) {
            at = *next;
        }
        let leaf = &self.branches[at];
        if leaf.left == 0 {
            return None;
        }
        let taken = (leaf.id, leaf.taken());
        loop {
            self.branches[at].left -= 1;
            self.branches[at].fresh = self.fresh(at);
            if at == ROOT {
                return Some(taken);
            }
            at = self.branches[at].parent;
        }
    }

    /// `fresh` of a branch that something was taken of.
    fn fresh(&self, at: usize) -> usize {
        let branch = &self.branches[at];
        if branch.left == 0 {
            return FULL;
        }
        let below = branch.children.iter().map(|child| self.branches[*child].fresh).min();
        below.unwrap_or(branch.depth + 1)
    }
}

impl Branch {
    fn new(parent: usize, depth: usize, id: usize) -> Self {
        Self { parent, depth, id, children: Vec::new(), places: 0, left: 0, fresh: depth }
    }

    fn add(&mut self, places: usize) {
        self.places += places;
        self.left += places;
    }

    fn taken(&self) -> usize {
        self.places - self.left
    }
}
