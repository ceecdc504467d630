//! The public face of the two kinds of sets, which are the same but for what their numbers mean.

macro_rules! id_set {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, Hash)]
        pub struct $name(pub(super) $crate::topo::bits::Bits);

        impl $name {
            /// The largest number a set holds: 1,048,575, far above what Linux numbers.
            pub const MAX_ID: usize = $crate::topo::bits::MAX_ID;

            /// The empty set. Sets of numbers below 128 do not allocate.
            #[must_use]
            pub const fn new() -> Self {
                Self($crate::topo::bits::Bits::new())
            }

            /// The set of `id` alone.
            ///
            /// # Panics
            ///
            /// If `id` is larger than [`MAX_ID`](Self::MAX_ID).
            #[must_use]
            pub fn single(id: usize) -> Self {
                Self::from([id])
            }

            /// Adds `id`; says whether it is new.
            ///
            /// # Panics
            ///
            /// If `id` is larger than [`MAX_ID`](Self::MAX_ID).
            pub fn insert(&mut self, id: usize) -> bool {
                self.0.insert(id)
            }

            /// Takes `id` out; says whether it was in.
            pub fn remove(&mut self, id: usize) -> bool {
                self.0.remove(id)
            }

            /// Whether `id` is in the set.
            #[must_use]
            pub fn contains(&self, id: usize) -> bool {
                self.0.contains(id)
            }

            /// How many there are. Linear in the largest number.
            #[must_use]
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// Whether there is none.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.words().is_empty()
            }

            /// Takes all out.
            pub fn clear(&mut self) {
                self.0.clear();
            }

            /// Takes out those for which `keep` says no. Where it panics, the set is what it was.
            pub fn retain(&mut self, keep: impl FnMut(usize) -> bool) {
                self.0.retain(keep);
            }

            /// Takes the smallest out.
            pub fn pop_first(&mut self) -> Option<usize> {
                let first = self.first()?;
                self.remove(first);
                Some(first)
            }

            /// Takes the largest out.
            pub fn pop_last(&mut self) -> Option<usize> {
                let last = self.last()?;
                self.remove(last);
                Some(last)
            }

            /// The members, smallest first.
            pub fn iter(&self) -> $crate::topo::Ids<'_> {
                self.0.iter()
            }

            /// The smallest member.
            #[must_use]
            pub fn first(&self) -> Option<usize> {
                self.iter().next()
            }

            /// The largest member.
            #[must_use]
            pub fn last(&self) -> Option<usize> {
                self.0.last()
            }

            /// The member that has `n` smaller ones: the first for 0.
            #[must_use]
            pub fn nth(&self, n: usize) -> Option<usize> {
                self.0.nth(n)
            }

            /// The runs of neighbours, smallest first.
            pub fn ranges(&self) -> $crate::topo::Ranges<'_> {
                self.0.ranges()
            }

            /// What is in either set; also `&a | &b`.
            #[must_use]
            pub fn union(&self, other: &Self) -> Self {
                self | other
            }

            /// What is in both sets; also `&a & &b`.
            #[must_use]
            pub fn intersection(&self, other: &Self) -> Self {
                self & other
            }

            /// What is in this set and not in `other`; also `&a - &b`.
            #[must_use]
            pub fn difference(&self, other: &Self) -> Self {
                self - other
            }

            /// What is in one of the sets and not in the other; also `&a ^ &b`.
            #[must_use]
            pub fn symmetric_difference(&self, other: &Self) -> Self {
                self ^ other
            }

            /// Whether the sets have no member in common.
            #[must_use]
            pub fn is_disjoint(&self, other: &Self) -> bool {
                self.0.is_disjoint(&other.0)
            }

            /// Whether every member is in `other` too.
            #[must_use]
            pub fn is_subset(&self, other: &Self) -> bool {
                self.0.is_subset(&other.0)
            }

            /// Whether every member of `other` is in this set too.
            #[must_use]
            pub fn is_superset(&self, other: &Self) -> bool {
                other.is_subset(self)
            }

            /// Reads the kernel's mask format: hexadecimal words of 32 bits, the most significant first, with commas
            /// between them. White space and NUL bytes around it do not count, and nothing is the empty set.
            ///
            /// # Errors
            ///
            /// Where a word is none, or stands for a number above [`MAX_ID`](Self::MAX_ID).
            pub fn parse_mask(text: &str) -> Result<Self, $crate::topo::ParseSetError> {
                $crate::topo::bits::Bits::parse_mask(text).map(Self)
            }

            /// The set in the format that [`parse_mask`](Self::parse_mask) reads, without leading zeros; also `{:x}`.
            #[must_use]
            pub fn to_mask(&self) -> String {
                self.0.to_mask()
            }
        }

        impl std::ops::BitOrAssign<&$name> for $name {
            fn bitor_assign(&mut self, rhs: &$name) {
                self.0.union_with(&rhs.0);
            }
        }

        impl std::ops::BitAndAssign<&$name> for $name {
            fn bitand_assign(&mut self, rhs: &$name) {
                self.0.intersect_with(&rhs.0);
            }
        }

        impl std::ops::SubAssign<&$name> for $name {
            fn sub_assign(&mut self, rhs: &$name) {
                self.0.subtract(&rhs.0);
            }
        }

        impl std::ops::BitXorAssign<&$name> for $name {
            fn bitxor_assign(&mut self, rhs: &$name) {
                self.0.toggle_with(&rhs.0);
            }
        }

        impl std::ops::BitOr for &$name {
            type Output = $name;

            fn bitor(self, rhs: Self) -> $name {
                let mut set = self.clone();
                set |= rhs;
                set
            }
        }

        impl std::ops::BitAnd for &$name {
            type Output = $name;

            fn bitand(self, rhs: Self) -> $name {
                let mut set = self.clone();
                set &= rhs;
                set
            }
        }

        impl std::ops::Sub for &$name {
            type Output = $name;

            fn sub(self, rhs: Self) -> $name {
                let mut set = self.clone();
                set -= rhs;
                set
            }
        }

        impl std::ops::BitXor for &$name {
            type Output = $name;

            fn bitxor(self, rhs: Self) -> $name {
                let mut set = self.clone();
                set ^= rhs;
                set
            }
        }

        /// As the sorted sequences of the members, like sets of the standard library.
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.iter().cmp(other)
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        /// Panics on a number above `MAX_ID`.
        impl FromIterator<usize> for $name {
            fn from_iter<I: IntoIterator<Item = usize>>(ids: I) -> Self {
                let mut set = Self::new();
                set.extend(ids);
                set
            }
        }

        /// Panics on a number above `MAX_ID`.
        impl Extend<usize> for $name {
            fn extend<I: IntoIterator<Item = usize>>(&mut self, ids: I) {
                for id in ids {
                    self.insert(id);
                }
            }
        }

        /// Panics on a number above `MAX_ID`.
        impl<const N: usize> From<[usize; N]> for $name {
            fn from(ids: [usize; N]) -> Self {
                ids.into_iter().collect()
            }
        }

        /// Panics on a number above `MAX_ID`. A range that runs backwards is empty.
        impl From<std::ops::RangeInclusive<usize>> for $name {
            fn from(range: std::ops::RangeInclusive<usize>) -> Self {
                [range].into_iter().collect()
            }
        }

        /// Panics on a number above `MAX_ID`. A range that runs backwards is empty.
        impl From<std::ops::Range<usize>> for $name {
            fn from(range: std::ops::Range<usize>) -> Self {
                range.end.checked_sub(1).map_or(Self::new(), |last| Self::from(range.start..=last))
            }
        }

        /// All that is in any of the ranges. Panics on a number above `MAX_ID`.
        impl FromIterator<std::ops::RangeInclusive<usize>> for $name {
            fn from_iter<I: IntoIterator<Item = std::ops::RangeInclusive<usize>>>(ranges: I) -> Self {
                let mut set = Self::new();
                // The ends of one that was iterated over say nothing.
                let ranges = ranges.into_iter().filter(|range| !range.is_empty());
                ranges.for_each(|range| set.0.insert_range(*range.start(), *range.end()));
                set
            }
        }

        /// All that is in any of the sets.
        impl<'a> FromIterator<&'a $name> for $name {
            fn from_iter<I: IntoIterator<Item = &'a $name>>(sets: I) -> Self {
                let mut all = Self::new();
                sets.into_iter().for_each(|set| all |= set);
                all
            }
        }

        impl<'a> IntoIterator for &'a $name {
            type Item = usize;
            type IntoIter = $crate::topo::Ids<'a>;

            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }

        /// Reads the kernel's list format, `0-3,8`, with its strides: `0-31:2/4` are the first two of each four. White
        /// space and NUL bytes around the items do not count, and nothing is the empty set.
        impl std::str::FromStr for $name {
            type Err = $crate::topo::ParseSetError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::topo::bits::Bits::parse_list(text).map(Self)
            }
        }

        /// Writes the kernel's list format, `0-3,8`, without strides; the empty set is nothing at all.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        /// Writes the mask, as `to_mask` gives it.
        impl std::fmt::LowerHex for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.to_mask())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

pub(super) use id_set;
