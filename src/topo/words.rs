//! Where the bits of a set are kept.

use std::hash::{Hash, Hasher};

/// How many words are kept without allocating: 128 CPUs or nodes. Two words and the tag take no more room than the vector
/// of the other case.
const INLINE: usize = 2;

/// Words of 64 bits, the last of which is never zero once [`trim`](Self::trim) was called, so that equal sets have equal
/// words.
///
/// Measured 2026-11-22 on a virtual machine of two CPUs: making a set of one CPU, cloning it and dropping both takes 11 ns
/// so and 38 ns with a vector alone; pinning a thread and restoring it (row `pin and restore` of `benches/topo.rs`) 1,070 ns and
/// 1,145 ns.
#[derive(Clone)]
pub(super) enum Words {
    /// The words in use end at the last that is not zero.
    Inline([u64; INLINE]),
    /// May be as short as an inline one: nothing goes back.
    Heap(Vec<u64>),
}

impl Words {
    pub(super) const fn new() -> Self {
        Self::Inline([0; INLINE])
    }

    /// The words, without trailing zeros once trimmed.
    #[inline]
    pub(super) fn as_slice(&self) -> &[u64] {
        match self {
            Self::Inline(words) if words[1] != 0 => words,
            Self::Inline(words) => &words[..usize::from(words[0] != 0)],
            Self::Heap(words) => words,
        }
    }

    /// All words there is room for at hand: trailing ones may be zero.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [u64] {
        match self {
            Self::Inline(words) => words,
            Self::Heap(words) => words,
        }
    }

    /// Makes [`room`](Self::room) for at least `len` words. To be trimmed after writing.
    #[inline]
    pub(super) fn reserve(&mut self, len: usize) {
        let have = match self {
            Self::Inline(words) => words.len(),
            Self::Heap(words) => words.len(),
        };
        if len > have {
            self.grow(len);
        }
    }

    #[cold]
    fn grow(&mut self, len: usize) {
        match self {
            Self::Inline(words) => {
                let mut longer = vec![0; len];
                longer[..INLINE].copy_from_slice(words);
                *self = Self::Heap(longer);
            }
            Self::Heap(words) => words.resize(len, 0),
        }
    }

    /// Drops trailing zeros. An inline one has its end where they begin anyway.
    #[inline]
    pub(super) fn trim(&mut self) {
        if let Self::Heap(words) = self {
            let used = words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
            words.truncate(used);
        }
    }

    /// Drops all words from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        match self {
            Self::Inline(words) => words.iter_mut().skip(len).for_each(|word| *word = 0),
            Self::Heap(words) => words.truncate(len),
        }
    }
}

impl From<&[u64]> for Words {
    fn from(from: &[u64]) -> Self {
        let used = from.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        let mut words = Self::new();
        words.reserve(used);
        words.room()[..used].copy_from_slice(&from[..used]);
        words
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Words {}

impl Hash for Words {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}
