//! The public face of the two kinds of sets, which are the same but for what their numbers mean.

macro_rules! id_set {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, Hash)]
        pub struct $name(pub(super) $crate::topo::bits::Bits);

        impl $name {
            /// The largest number a set holds: 1,048,575, far above what Linux numbers.
            pub const MAX_ID: usize = $crate::topo::bits::MAX_ID;

            /// The empty set. Does not allocate.
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

            /// Reads the kernel's mask format: hexadecimal words of 32 bits, the most significant first, with commas
            /// between them. White space and NUL bytes around it do not count, and nothing is the empty set.
            ///
            /// # Errors
            ///
            /// Where a word is none, or stands for a number above [`MAX_ID`](Self::MAX_ID).
            pub fn parse_mask(text: &str) -> Result<Self, $crate::topo::ParseSetError> {
                $crate::topo::bits::Bits::parse_mask(text).map(Self)
            }

            /// The set in the format that [`parse_mask`](Self::parse_mask) reads, without leading zeros.
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

        impl<'a> IntoIterator for &'a $name {
            type Item = usize;
            type IntoIter = $crate::topo::Ids<'a>;

            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }

        /// Reads the kernel's list format, `0-3,8`. White space and NUL bytes around it do not count, and nothing is
        /// the empty set.
        impl std::str::FromStr for $name {
            type Err = $crate::topo::ParseSetError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::topo::bits::Bits::parse_list(text).map(Self)
            }
        }

        /// Writes the kernel's list format, `0-3,8`; the empty set is nothing at all.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
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
