use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Pages of a file, drawn evenly and each time anew, with the generator of one shift that costs next to nothing.
#[derive(Debug)]
pub struct Anywhere {
    state: u64,
    pages: u64,
}

impl Anywhere {
    /// Of so many pages.
    pub fn new(pages: u64) -> Self {
        static DRAWN: AtomicU64 = AtomicU64::new(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
        let seed = now.wrapping_add(DRAWN.fetch_add(1, Ordering::Relaxed)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The one state that it never leaves.
        Self { state: seed.max(1), pages }
    }

    /// The next page.
    pub fn page(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        // The upper bits, scaled: what is rounded is far below one in a million for any file.
        ((u128::from(self.state) * u128::from(self.pages)) >> 64) as u64
    }
}
