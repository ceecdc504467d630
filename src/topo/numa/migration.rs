use std::io;

use super::page_counts::for_each_chunk;
use super::residency::pages_of;
use super::{PolicyError, Unmoved};
use crate::sys::Demand;
use crate::sys::numa::{self, CHUNK, Place};
use crate::topo::NodeSet;

/// Moves the pages of `region` to `node`: those that are in memory and that no other process has.
///
/// Whole pages move, also those at the ends, of which the region has a part only; huge pages move whole or not at all.
/// What is not in memory is not asked for, and where it will come from is not changed: that is the policy's to say
/// ([`bind_region`](super::bind_region)). The content stays readable and writable; who touches a page on its way waits
/// for it. Some system calls for every 512 pages, and a copy of each page that moves; where the kernel gives up
/// halfway, two for each page that is left.
///
/// - [`Demand::Require`]: an error unless all that are in memory are on the node then.
/// - [`Demand::Prefer`]: moves what can be moved. What stayed, and what was refused, is told by the result.
/// - [`Demand::Off`]: does nothing.
///
/// # Errors
///
/// Only where it is required. Pages that were moved stay moved.
///
/// - [`PolicyError::NotAllowed`] and [`PolicyError::NoSuchNode`] where the node does not exist, has no memory, or is
///   not allowed for the thread.
/// - [`PolicyError::Misplaced`] where pages stayed elsewhere.
/// - [`PolicyError::Unsupported`] where the kernel was built without nodes.
/// - [`PolicyError::System`] where it refuses altogether, as in many containers.
///
/// ```
/// use bedplate::Demand;
/// use bedplate::topo::{current_node, migrate};
///
/// let region = vec![1; 1 << 20];
/// let report = migrate(&region, current_node()?, Demand::Prefer)?;
/// println!("{} moved, {} were there already", report.moved, report.already);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn migrate(region: &[u8], node: usize, demand: Demand) -> Result<Migration, PolicyError> {
    let mut report = Migration::default();
    if !demand.wanted() {
        return Ok(report);
    }
    let moved = check_node(node).and_then(|()| {
        report.move_all(region, node).map_err(|error| match numa::says_no_node(&error) {
            true => PolicyError::NotAllowed { nodes: NodeSet::single(node) },
            false => PolicyError::of(error),
        })
    });
    report.refused = moved.err();
    match &report.refused {
        _ if !demand.required() => Ok(report),
        Some(refused) => Err(refused.clone()),
        None if report.unmoved.is_empty() => Ok(report),
        None => Err(PolicyError::Misplaced),
    }
}

/// What [`migrate`] did, in pages of the machine's size. Huge pages count as the small pages they are made of.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Migration {
    /// Those that were moved.
    pub moved: usize,
    /// Those that were on the node before.
    pub already: usize,
    /// Those that are not in memory, as [`Residency::absent`](super::Residency::absent) tells.
    pub absent: usize,
    /// Those that stayed elsewhere, by the reason.
    pub unmoved: Vec<(Unmoved, usize)>,
    /// Why not everything was tried; `None` where it was.
    pub refused: Option<PolicyError>,
}

impl Migration {
    fn move_all(&mut self, region: &[u8], node: usize) -> io::Result<()> {
        // All of them before any moves: a huge page moves whole, with what later parts would find moved already.
        let mut elsewhere = Vec::new();
        for_each_chunk(&pages_of(region), numa::page_size(), |chunk| {
            numa::locate(chunk, |at, place| match place {
                Place::Node(on) if on == node => self.already += 1,
                Place::Absent => self.absent += 1,
                _ => elsewhere.push(chunk[at]),
            })
        })?;
        elsewhere.chunks(CHUNK).try_for_each(|chunk| self.move_chunk(chunk, node))
    }

    /// Moves at most [`CHUNK`] pages, which are elsewhere.
    fn move_chunk(&mut self, chunk: &[usize], node: usize) -> io::Result<()> {
        let mut left: Vec<_> = chunk.iter().map(|address| (*address, None)).collect();
        self.try_to_move(&mut left, CHUNK, node)?;
        // The kernel leaves the rest alone after a page that it could not move, and does not say which that was.
        self.try_to_move(&mut left, 1, node)?;
        left.into_iter().for_each(|(_, reason)| self.stays(reason.unwrap_or(Unmoved::Other(0))));
        Ok(())
    }

    /// Tries to move the pages of `left`, `many` with a call, and leaves those there that are elsewhere still, with the
    /// reason where there is one.
    fn try_to_move(&mut self, left: &mut Vec<(usize, Option<Unmoved>)>, many: usize, node: usize) -> io::Result<()> {
        for part in left.chunks_mut(many) {
            let addresses: Vec<_> = part.iter().map(|(address, _)| *address).collect();
            let tried = numa::move_pages(&addresses, node, |at, place| part[at].1 = reason(place));
            match tried {
                // Neither will the rest find any, and each would make the kernel search for memory anew.
                Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                    left.iter_mut().for_each(|(_, reason)| *reason = reason.or(Some(Unmoved::NoMemory)));
                    break;
                }
                tried => tried?,
            }
        }
        // A huge page moves with the first of its pages that is named, and the others are said to be busy: where they
        // are is what counts.
        let addresses: Vec<_> = left.iter().map(|(address, _)| *address).collect();
        let mut stays = vec![false; addresses.len()];
        numa::locate(&addresses, |at, place| match place {
            Place::Node(on) if on == node => self.moved += 1,
            Place::Absent => self.absent += 1,
            _ => stays[at] = true,
        })?;
        let mut stays = stays.into_iter();
        left.retain(|_| stays.next() == Some(true));
        Ok(())
    }

    fn stays(&mut self, reason: Unmoved) {
        match self.unmoved.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, pages)) => *pages += 1,
            None => self.unmoved.push((reason, 1)),
        }
    }
}

fn reason(place: Place) -> Option<Unmoved> {
    match place {
        Place::Busy => Some(Unmoved::Busy),
        Place::Shared => Some(Unmoved::Shared),
        Place::NoMemory => Some(Unmoved::NoMemory),
        Place::Other(error) if error != 0 => Some(Unmoved::Other(error)),
        _ => None,
    }
}

/// An error that names the node where it cannot be had. Where the kernel does not tell what is allowed, all is.
fn check_node(node: usize) -> Result<(), PolicyError> {
    if node > NodeSet::MAX_ID {
        return Err(PolicyError::NoSuchNode { node });
    }
    match numa::allowed_nodes() {
        Ok(allowed) if !allowed.iter().any(|allowed| allowed == node) => {
            Err(PolicyError::NotAllowed { nodes: NodeSet::single(node) })
        }
        _ => Ok(()),
    }
}
