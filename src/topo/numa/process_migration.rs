use std::io;

use super::PolicyError;
use crate::sys::Demand;
use crate::sys::numa::{self, Nodes};
use crate::topo::NodeSet;

/// Moves what the whole process has in memory of the nodes `from` to the nodes `to`: the first to the first, the second
/// to the second, and so on, beginning anew where `to` has fewer. What is on other nodes, or shared with other
/// processes, stays.
///
/// Meant for a process that moves as a whole, after its threads were pinned elsewhere. Blocks for as long as it takes
/// to copy everything; other threads go on, and wait where they touch a page on its way.
///
/// - [`Demand::Require`]: an error where the kernel counts pages that it could not move.
/// - [`Demand::Prefer`]: moves what can be moved. What stayed, and what was refused, is told by the result. Of `to`,
///   the nodes that can be had.
/// - [`Demand::Off`]: does nothing.
///
/// # Errors
///
/// Only where it is required. Pages that were moved stay moved.
///
/// - [`PolicyError::Empty`] where either set is.
/// - [`PolicyError::NotAllowed`] where a node of `to` does not exist, has no memory, or is not allowed for the thread.
/// - [`PolicyError::Misplaced`] where pages stayed.
/// - [`PolicyError::Unsupported`] where the kernel was built without nodes.
/// - [`PolicyError::System`] where it refuses altogether, as in many containers.
///
/// ```no_run
/// use bedplate::Demand;
/// use bedplate::topo::{NodeSet, migrate_process};
///
/// let report = migrate_process(&NodeSet::single(0), &NodeSet::single(1), Demand::Require)?;
/// assert_eq!(report.unmoved, 0);
/// # Ok::<(), bedplate::topo::PolicyError>(())
/// ```
pub fn migrate_process(from: &NodeSet, to: &NodeSet, demand: Demand) -> Result<ProcessMigration, PolicyError> {
    let mut report = ProcessMigration::default();
    if !demand.wanted() {
        return Ok(report);
    }
    match try_to_migrate(from, to, demand) {
        Ok(unmoved) if unmoved > 0 && demand.required() => return Err(PolicyError::Misplaced),
        Ok(unmoved) => report.unmoved = unmoved,
        Err(refused) if demand.required() => return Err(refused),
        Err(refused) => report.refused = Some(refused),
    }
    Ok(report)
}

fn try_to_migrate(from: &NodeSet, to: &NodeSet, demand: Demand) -> Result<usize, PolicyError> {
    if from.is_empty() || to.is_empty() {
        return Err(PolicyError::Empty);
    }
    // The kernel takes a node that it does not know for a want of rights, or leaves it out, by who asks.
    let allowed: NodeSet = numa::allowed_nodes().map_err(PolicyError::of)?.iter().collect();
    let missing = to - &allowed;
    if !missing.is_empty() && (demand.required() || missing == *to) {
        return Err(PolicyError::NotAllowed { nodes: missing });
    }
    let to = Nodes::of(&(to & &allowed));
    let migrated = match numa::migrate(&Nodes::of(from), &to) {
        // Nodes that a kernel is not built for are refused even beside others. Nothing is on them, or on those that are
        // left out with them: of those that a thread was allowed before, the kernel moves everything away itself.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => numa::migrate(&Nodes::of(&(from & &allowed)), &to),
        migrated => migrated,
    };
    migrated.map_err(PolicyError::of)
}

/// What [`migrate_process`] did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProcessMigration {
    /// How many pages could not be moved. The kernel does not count those that others have too, or that it uses itself
    /// just then: [`residency`](super::residency) tells what became of a region.
    pub unmoved: usize,
    /// Why nothing was moved; `None` where something was, or nothing had to be.
    pub refused: Option<PolicyError>,
}
