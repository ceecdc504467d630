//! What queues and channels move.

/// An item that carries a number, so that what arrives can be told.
pub trait Payload: Copy + Send + Sync + Unpin + 'static {
    /// Its size, as ids of rows name it.
    const NAME: &'static str;
    /// What details of rows say of it.
    const DETAIL: &'static str;

    /// The item of that number.
    fn numbered(number: u64) -> Self;

    /// Its number.
    ///
    /// # Panics
    ///
    /// If the item did not arrive as it was sent.
    fn number(&self) -> u64;
}

impl Payload for u64 {
    const NAME: &'static str = "u64";
    const DETAIL: &'static str = "u64";

    #[inline]
    fn numbered(number: u64) -> Self {
        number
    }

    #[inline]
    fn number(&self) -> u64 {
        *self
    }
}

/// Every word is the number; the first and the last are compared.
impl<const WORDS: usize> Payload for [u64; WORDS] {
    const NAME: &'static str = match WORDS {
        8 => "64B",
        128 => "1KiB",
        _ => panic!("an item of another size needs a name"),
    };
    const DETAIL: &'static str = match WORDS {
        8 => "[u64; 8], first and last word compared",
        128 => "[u64; 128], first and last word compared",
        _ => panic!("an item of another size needs a detail"),
    };

    #[inline]
    fn numbered(number: u64) -> Self {
        [number; WORDS]
    }

    #[inline]
    fn number(&self) -> u64 {
        assert_eq!(self[0], self[WORDS - 1], "an item arrives whole");
        self[0]
    }
}

/// The sum of all numbers below `n`, as wrapping additions give it.
pub fn sum_below(n: u64) -> u64 {
    (u128::from(n) * u128::from(n.saturating_sub(1)) / 2) as u64
}
