use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, Hasher};

/// A key as the store holds it: with its hash, and the name of what else there is to know about its entry.
///
/// Two of them are equal where they are one and the same: the store compares them only to find what it holds itself, when
/// it takes the last of its list out, and what it has just been given, which it cannot hold. So it runs no code of the
/// caller's while its list and its table disagree, and a panic cannot leave it so.
pub(super) struct Carried<K> {
    pub(super) tag: Tag,
    pub(super) key: K,
}

/// Finds the one entry that has its slot; of no use where it has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    /// Half a hash, so that with the slot it takes one word. Found too seldom in the wrong place to matter: 1 in 2^32.
    pub(super) hash: u32,
    pub(super) slot: u32,
}

/// The slot of an entry that neither expires nor weighs.
pub(super) const NO_SLOT: u32 = u32::MAX;

impl<K> Hash for Carried<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tag.hash(state);
    }
}

impl<K> PartialEq for Carried<K> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl<K> Eq for Carried<K> {}

impl<K> Borrow<Tag> for Carried<K> {
    fn borrow(&self) -> &Tag {
        &self.tag
    }
}

impl Hash for Tag {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.hash);
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.slot == other.slot
    }
}

impl Eq for Tag {}

/// What the store hashes with: the hash that the key carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsCarried;

/// The table takes the place from the low bits and a tag from the high ones.
pub(super) struct Spread(u64);

impl BuildHasher for AsCarried {
    type Hasher = Spread;

    #[inline]
    fn build_hasher(&self) -> Spread {
        Spread(0)
    }
}

impl Hasher for Spread {
    #[inline]
    fn write_u32(&mut self, hash: u32) {
        // 2^64 / phi, odd: each bit of the hash reaches the high ones, and the low ones stay a permutation.
        self.0 = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a carried hash is one u32");
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
