use std::borrow::Borrow;
use std::cell::Cell;
use std::hash::{BuildHasher, Hash, Hasher};

use super::carried::{Carried, NO_SLOT};
use crate::cache::Equivalent;

/// What the store is asked with: a key it holds, or one in borrowed form, which comes with its hash as those do.
///
/// A trait object because the store wants the one borrowed from the other. Both kinds are known where it is called, and
/// the calls are direct in what the compiler makes of it.
pub(super) trait Lookup<K> {
    fn hash(&self) -> u32;
    /// What the store holds; `None` where this is a question.
    fn held(&self) -> Option<&Carried<K>>;
    fn finds(&self, held: &Carried<K>) -> bool;
}

/// A key that is asked for.
pub(super) struct Asked<'q, Q: ?Sized> {
    hash: u32,
    key: &'q Q,
    /// The slot of the entry that it found.
    slot: Cell<u32>,
}

impl<'q, Q: Hash + ?Sized> Asked<'q, Q> {
    #[inline]
    pub(super) fn new(hasher: &impl BuildHasher, key: &'q Q) -> Self {
        let hash = hasher.hash_one(key);
        Self { hash: (hash ^ (hash >> 32)) as u32, key, slot: Cell::new(NO_SLOT) }
    }
}

impl<Q: ?Sized> Asked<'_, Q> {
    #[inline]
    pub(super) fn hash(&self) -> u32 {
        self.hash
    }

    /// The slot of the entry it found, where the store says that it found one.
    #[inline]
    pub(super) fn slot(&self) -> u32 {
        self.slot.get()
    }

    #[inline]
    pub(super) fn lookup<'a, K: 'a>(&'a self) -> &'a (dyn Lookup<K> + 'a)
    where
        Q: Equivalent<K>,
    {
        self
    }
}

impl<K, Q: Equivalent<K> + ?Sized> Lookup<K> for Asked<'_, Q> {
    #[inline]
    fn hash(&self) -> u32 {
        self.hash
    }

    #[inline]
    fn held(&self) -> Option<&Carried<K>> {
        None
    }

    #[inline]
    fn finds(&self, held: &Carried<K>) -> bool {
        let found = self.key.equivalent(&held.key);
        if found {
            self.slot.set(held.tag.slot);
        }
        found
    }
}

impl<K> Lookup<K> for Carried<K> {
    #[inline]
    fn hash(&self) -> u32 {
        self.tag.hash
    }

    #[inline]
    fn held(&self) -> Option<&Carried<K>> {
        Some(self)
    }

    #[inline]
    fn finds(&self, held: &Carried<K>) -> bool {
        self == held
    }
}

impl<'a, K: 'a> Borrow<dyn Lookup<K> + 'a> for Carried<K> {
    #[inline]
    fn borrow(&self) -> &(dyn Lookup<K> + 'a) {
        self
    }
}

impl<K> Hash for dyn Lookup<K> + '_ {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(Lookup::hash(self));
    }
}

impl<K> PartialEq for dyn Lookup<K> + '_ {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self.held(), other.held()) {
            (_, Some(held)) => self.finds(held),
            (Some(held), None) => other.finds(held),
            // Two questions do not meet: one of the two is always in the table.
            (None, None) => false,
        }
    }
}

impl<K> Eq for dyn Lookup<K> + '_ {}
