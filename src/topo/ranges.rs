use std::fmt;
use std::iter::FusedIterator;
use std::ops::RangeInclusive;

use super::Ids;

/// The runs of neighbours in a [`CpuSet`](super::CpuSet) or [`NodeSet`](super::NodeSet), smallest first, each as long as
/// can be.
///
/// ```
/// use bedplate::topo::CpuSet;
///
/// let cpus: CpuSet = "0-3,8".parse()?;
/// assert_eq!(cpus.ranges().collect::<Vec<_>>(), [0..=3, 8..=8]);
/// # Ok::<(), bedplate::topo::ParseSetError>(())
/// ```
#[derive(Clone)]
pub struct Ranges<'a> {
    /// What is in no range that was given out.
    ids: Ids<'a>,
    /// The start of the next range, where it was met while the last one ended.
    next: Option<usize>,
}

impl<'a> Ranges<'a> {
    pub(super) fn new(ids: Ids<'a>) -> Self {
        Self { ids, next: None }
    }
}

impl Iterator for Ranges<'_> {
    type Item = RangeInclusive<usize>;

    fn next(&mut self) -> Option<RangeInclusive<usize>> {
        let first = self.next.take().or_else(|| self.ids.next())?;
        let mut last = first;
        for id in self.ids.by_ref() {
            if id != last + 1 {
                self.next = Some(id);
                break;
            }
            last = id;
        }
        Some(first..=last)
    }
}

impl FusedIterator for Ranges<'_> {}

impl fmt::Debug for Ranges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
