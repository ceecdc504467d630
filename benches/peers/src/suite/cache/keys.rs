use rand::distr::Distribution;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::Zipf;

/// Keys drawn beforehand, a sequence for each thread, the same in each run; each is to be read, unless marked.
#[derive(Clone, Debug)]
pub struct Keys {
    threads: Vec<Vec<u32>>,
}

impl Keys {
    /// Drawn for each thread; then they repeat.
    pub const DRAWN: usize = 1 << 20;

    /// Set where a key is to be written: the draw costs a measurement a mask and a branch. Above all keys.
    const WRITE: u32 = 1 << 31;

    /// Keys below `keys` with exponent 0.99; the most wanted are spread over the range.
    pub fn zipf(keys: usize, threads: usize) -> Self {
        Self::drawn(Self::DRAWN, keys, threads)
    }

    /// As [`zipf`](Self::zipf), with `count` keys for each thread.
    pub fn drawn(count: usize, keys: usize, threads: usize) -> Self {
        assert!(keys <= Self::WRITE as usize, "a key and its mark share a word");
        let zipf = Zipf::new(keys as f64, 0.99).expect("a positive exponent");
        // 7919 is prime and divides no count of keys, so that each rank has a key of its own.
        let key = |rank: f64| ((rank as u64 - 1) * 7919 % keys as u64) as u32;
        let drawn = |seed: usize| {
            let mut rng = StdRng::seed_from_u64(seed as u64);
            (0..count).map(|_| key(zipf.sample(&mut rng))).collect()
        };
        Self { threads: (0..threads).map(drawn).collect() }
    }

    /// Marks `percent` of the keys of each thread, by chance: any key may be, the most wanted ones most often.
    pub fn with_writes(mut self, percent: f64) -> Self {
        for (seed, keys) in self.threads.iter_mut().enumerate() {
            // Not the draw of the keys again, which would mark the keys of some ranks.
            let mut rng = StdRng::seed_from_u64(!(seed as u64));
            keys.iter_mut().filter(|_| rng.random_bool(percent / 100.0)).for_each(|key| *key |= Self::WRITE);
        }
        self
    }

    /// The keys of a thread, without end, where none is marked.
    pub fn of(&self, thread: usize) -> impl Iterator<Item = u64> {
        self.threads[thread].iter().map(|&key| u64::from(key)).cycle()
    }

    /// The keys of a thread, without end, and whether each is to be written.
    pub fn marked(&self, thread: usize) -> impl Iterator<Item = (u64, bool)> {
        self.threads[thread].iter().map(|&key| (u64::from(key & !Self::WRITE), key & Self::WRITE != 0)).cycle()
    }
}
