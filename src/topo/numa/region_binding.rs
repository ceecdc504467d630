use std::ops::Range;

use super::{MemPolicy, PolicyError};
use crate::topo::NodeSet;

/// What [`bind_region`](super::bind_region) obtained.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegionBinding {
    /// The part of the region that the policy was asked for, counted from its first byte: its whole pages.
    pub covered: Range<usize>,
    /// The policy that this part has now, as the kernel told it for its first page: with the nodes that can be had.
    /// `None` where it was refused, and where nothing was asked for.
    pub effective: Option<MemPolicy>,
    /// The nodes that were asked for and are not in the policy that was obtained.
    pub dropped: NodeSet,
    /// What the kernel refused. With an [`effective`](Self::effective) policy, it is that pages which are there already
    /// could not be moved.
    pub refused: Option<PolicyError>,
}
