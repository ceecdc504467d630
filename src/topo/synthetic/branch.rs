use super::kind::Kind;
use super::scanner::{Level, Scanner};
use super::synthetic_error::{Reason, SyntheticError};

/// As many CPUs as Linux is built for at most. A set of 8,192 takes 1 KiB, and each core has one.
pub(super) const MOST_CPUS: u64 = 8192;

/// As many memory nodes as Linux is built for at most.
pub(super) const MOST_NODES: u64 = 1024;

/// A level with those inside it. They are no deeper than there are kinds, since none is inside its own.
#[derive(Debug)]
pub(super) struct Branch<'a> {
    pub(super) level: Level<'a>,
    pub(super) inside: Vec<Branch<'a>>,
    /// The CPUs of all its objects together.
    pub(super) cpus: u64,
    nodes: u64,
}

impl<'a> Branch<'a> {
    /// The outermost levels of a description.
    pub(super) fn parse(text: &'a str) -> Result<Vec<Self>, SyntheticError> {
        let mut scanner = Scanner::new(text);
        // The innermost level so far and those around it, and what was finished beside each.
        let mut open: Vec<Self> = Vec::new();
        let mut done: Vec<Self> = Vec::new();
        while let Some(level) = scanner.next()? {
            if level.is_beside {
                loop {
                    let closed = open.pop().ok_or_else(|| level.error(Reason::JoinsNothing))?;
                    let kind = closed.level.kind;
                    close(closed, &mut open, &mut done)?;
                    if kind == level.kind {
                        break;
                    }
                }
            }
            if let Some(outer) = open.iter().find(|outer| !level.kind.fits_in(outer.level.kind)) {
                return Err(level.error(Reason::Inside(outer.level.kind)));
            }
            // Memory alone: a node without CPUs.
            let may_be_none = level.kind == Kind::Pu && open.last().is_some_and(|outer| outer.level.kind == Kind::Node);
            if level.count == 0 && !may_be_none {
                return Err(level.error(Reason::ZeroCount));
            }
            open.push(Self { level, inside: Vec::new(), cpus: 0, nodes: 0 });
        }
        while let Some(closed) = open.pop() {
            close(closed, &mut open, &mut done)?;
        }
        match done.iter().map(|branch| branch.cpus).sum::<u64>() {
            _ if done.is_empty() => Err(SyntheticError::new(Reason::Nothing, 0, text)),
            0 => Err(done[0].level.error(Reason::NoCpu)),
            _ => Ok(done),
        }
    }

    /// Counts what is in it, once all that is inside is known. The factors are small enough for the products to fit.
    fn count(&mut self) {
        let each = |of: fn(&Self) -> u64| self.inside.iter().map(of).sum::<u64>();
        // Where a level says no more, each of its objects has one CPU.
        let cpus = if self.inside.is_empty() { 1 } else { each(|branch| branch.cpus) };
        self.nodes = self.level.count * (each(|branch| branch.nodes) + u64::from(self.level.kind == Kind::Node));
        self.cpus = self.level.count * cpus;
    }
}

/// Puts a level that is complete into the one around it, or beside the other outermost ones.
fn close<'a>(
    mut branch: Branch<'a>,
    open: &mut [Branch<'a>],
    done: &mut Vec<Branch<'a>>,
) -> Result<(), SyntheticError> {
    branch.count();
    let beside = match open.last_mut() {
        Some(outer) => &mut outer.inside,
        None => done,
    };
    let sum = |of: fn(&Branch<'_>) -> u64| beside.iter().chain([&branch]).map(of).sum::<u64>();
    if sum(|branch| branch.cpus) > MOST_CPUS {
        return Err(branch.level.error(Reason::TooManyCpus));
    }
    if sum(|branch| branch.nodes) > MOST_NODES {
        return Err(branch.level.error(Reason::TooManyNodes));
    }
    beside.push(branch);
    Ok(())
}
