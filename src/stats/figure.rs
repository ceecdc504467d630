use std::time::Duration;

/// One value of a snapshot, and how it moves, which is what a system for metrics has to know about it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Figure {
    /// How many there have been. Only grows while its structure lives. A figure read while others write may fall a
    /// little short of the one read before: take the higher of the two.
    Count(u64),
    /// How long it all took together. Only grows, as a count does.
    Time(Duration),
    /// How much there is now, or may be at most. Rises and falls. Exact up to 2<sup>53</sup>; 0 or 1 for a no or a yes.
    Level(f64),
}
