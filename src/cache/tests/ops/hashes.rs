use std::hash::{BuildHasher, Hasher};

/// Keys are numbers; their hashes are all one, few, or many.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hashes {
    One,
    Few,
    Many,
}

pub(super) struct Hash(Hashes, u64);

impl BuildHasher for Hashes {
    type Hasher = Hash;

    fn build_hasher(&self) -> Hash {
        Hash(*self, 0)
    }
}

impl Hasher for Hash {
    fn write(&mut self, bytes: &[u8]) {
        self.1 = bytes.iter().fold(self.1, |hash, &byte| hash << 8 | u64::from(byte));
    }

    fn finish(&self) -> u64 {
        match self.0 {
            Hashes::One => 7,
            Hashes::Few => self.1 % 13,
            Hashes::Many => self.1,
        }
    }
}
