/// How many items the magazines have to serve between two revocations for these to be worth while. A revocation costs the
/// revoker some 20 µs, and each thread that it stops a few, and a magazine saves some 30 ns each time.
const WORTH: u64 = 1024;

/// How many times the depot serves before the magazines are tried again, the first time and at most. While the shelf serves
/// most, this is some fifty times as many acquisitions.
const SHORTEST: u32 = 16;
const LONGEST: u32 = 1 << 14;

/// For how long the magazines stay revoked after an acquisition had to revoke them: where that recurs before they were worth
/// it, longer and longer. So a pool whose bound is tight is one with a lock, and tries something better now and then.
#[derive(Debug)]
pub(super) struct Rest {
    /// How many times the depot serves until then.
    left: u32,
    length: u32,
    /// What the magazines had served when they were resumed.
    popped: u64,
}

impl Rest {
    pub(super) fn new() -> Self {
        Self { left: 0, length: SHORTEST, popped: 0 }
    }

    /// Begins a rest of the magazines, which have served `popped` so far.
    pub(super) fn begin(&mut self, popped: u64) {
        self.length = match popped.wrapping_sub(self.popped) {
            worth if worth >= WORTH => SHORTEST,
            _ => (self.length * 2).min(LONGEST),
        };
        self.left = self.length;
    }

    /// The depot serves once; tells whether the rest is over.
    pub(super) fn step(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    /// Ends the rest of the magazines, which have served `popped` so far.
    pub(super) fn end(&mut self, popped: u64) {
        self.left = 0;
        self.popped = popped;
    }
}
