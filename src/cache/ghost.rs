/// Which hashes left the small queue lately: the last `depth` of them, less the few that share a full bucket.
///
/// A set-associative table of fingerprints and the turns at which they came, as the S3-FIFO paper proposes: nothing is
/// linked, an insertion overwrites the oldest of its bucket, and what is too old counts as absent.
#[derive(Debug)]
pub(super) struct Ghost {
    /// A power of two of them; none before the first insertion.
    buckets: Box<[[Trace; WAYS]]>,
    depth: u32,
    /// The turn of the next insertion. Wraps around: a trace as old as that would count as new once, and cost one
    /// entry a place in the main queue.
    turn: u32,
}

/// Four traces of eight bytes are half a cache line.
const WAYS: usize = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Trace {
    /// Zero where there is none.
    fingerprint: u32,
    turn: u32,
}

impl Ghost {
    pub(super) fn new(depth: usize) -> Self {
        Self { buckets: Box::default(), depth: u32::try_from(depth).unwrap_or(u32::MAX), turn: 0 }
    }

    pub(super) fn insert(&mut self, hash: u64) {
        if self.buckets.is_empty() {
            if self.depth == 0 {
                return;
            }
            let buckets = (self.depth as usize).div_ceil(WAYS).next_power_of_two();
            self.buckets = vec![[Trace::default(); WAYS]; buckets].into();
        }
        let (bucket, fingerprint) = self.place(hash);
        let turn = self.turn;
        self.turn = turn.wrapping_add(1);
        let age = |trace: &Trace| if trace.fingerprint == 0 { u32::MAX } else { turn.wrapping_sub(trace.turn) };
        if let Some(oldest) = self.buckets[bucket].iter_mut().max_by_key(|trace| age(trace)) {
            *oldest = Trace { fingerprint, turn };
        }
    }

    /// Forgets `hash`; says whether it was there.
    pub(super) fn take(&mut self, hash: u64) -> bool {
        if self.buckets.is_empty() {
            return false;
        }
        let (bucket, fingerprint) = self.place(hash);
        let (turn, depth) = (self.turn, self.depth);
        let mut found = false;
        for trace in &mut self.buckets[bucket] {
            if trace.fingerprint == fingerprint {
                found |= turn.wrapping_sub(trace.turn) <= depth;
                *trace = Trace::default();
            }
        }
        found
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.buckets = Box::default();
    }

    fn place(&self, hash: u64) -> (usize, u32) {
        let mixed = mix(hash);
        ((mixed >> 12) as usize & (self.buckets.len() - 1), (mixed >> 32) as u32 | 1)
    }
}

/// Spreads the low bits of a hash over the high ones (Knuth's multiplicative hashing), so that a plain hasher, the
/// identity for one, still spreads over shards and buckets.
#[inline]
pub(super) fn mix(hash: u64) -> u64 {
    /// 2^64 divided by the golden ratio, made odd.
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    hash.wrapping_mul(FACTOR)
}
