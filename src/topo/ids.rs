use std::fmt;
use std::iter::FusedIterator;

const BITS: usize = u64::BITS as usize;

/// The members of a [`CpuSet`](super::CpuSet) or [`NodeSet`](super::NodeSet), smallest first.
///
/// ```
/// use bedplate::topo::CpuSet;
///
/// let cpus: CpuSet = "0-3,8".parse()?;
/// let ids = cpus.iter();
/// assert_eq!(ids.len(), 5);
/// assert_eq!(ids.rev().take(2).collect::<Vec<_>>(), [8, 3]);
/// # Ok::<(), bedplate::topo::ParseSetError>(())
/// ```
#[derive(Clone)]
pub struct Ids<'a> {
    /// What is left of the word at the front, which is no longer among `middle`.
    front: u64,
    /// The number that bit 0 of `front` stands for.
    front_base: usize,
    middle: &'a [u64],
    /// What is left of the word after `middle`, once something was taken from there.
    back: u64,
}

impl<'a> Ids<'a> {
    pub(super) fn new(words: &'a [u64]) -> Self {
        let (front, middle) = words.split_first().map_or((0, words), |(first, rest)| (*first, rest));
        Self { front, front_base: 0, middle, back: 0 }
    }

    /// The number that bit 0 of `back` stands for.
    fn back_base(&self) -> usize {
        self.front_base + BITS * (self.middle.len() + 1)
    }
}

impl Iterator for Ids<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.front == 0 {
            match self.middle.split_first() {
                Some((first, rest)) => {
                    self.front_base += BITS;
                    (self.front, self.middle) = (*first, rest);
                }
                None => return take_lowest(&mut self.back).map(|bit| self.back_base() + bit),
            }
        }
        take_lowest(&mut self.front).map(|bit| self.front_base + bit)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let ones = |word: &u64| word.count_ones() as usize;
        let len = ones(&self.front) + self.middle.iter().map(ones).sum::<usize>() + ones(&self.back);
        (len, Some(len))
    }

    fn count(self) -> usize {
        self.len()
    }

    fn last(mut self) -> Option<usize> {
        self.next_back()
    }

    fn min(mut self) -> Option<usize> {
        self.next()
    }

    fn max(mut self) -> Option<usize> {
        self.next_back()
    }
}

impl DoubleEndedIterator for Ids<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<usize> {
        while self.back == 0 {
            match self.middle.split_last() {
                Some((last, rest)) => (self.back, self.middle) = (*last, rest),
                None => return take_highest(&mut self.front).map(|bit| self.front_base + bit),
            }
        }
        take_highest(&mut self.back).map(|bit| self.back_base() + bit)
    }
}

/// Counting is linear in the words that are left.
impl ExactSizeIterator for Ids<'_> {}

impl FusedIterator for Ids<'_> {}

fn take_lowest(word: &mut u64) -> Option<usize> {
    let bit = word.trailing_zeros();
    *word &= word.wrapping_sub(1);
    (bit < u64::BITS).then_some(bit as usize)
}

fn take_highest(word: &mut u64) -> Option<usize> {
    let bit = word.checked_ilog2()?;
    *word &= !(1 << bit);
    Some(bit as usize)
}

impl fmt::Debug for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
