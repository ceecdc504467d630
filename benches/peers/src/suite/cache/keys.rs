use rand::SeedableRng;
use rand::distr::Distribution;
use rand::rngs::StdRng;
use rand_distr::Zipf;

/// Keys drawn beforehand, a sequence for each thread, the same in each run.
#[derive(Debug)]
pub struct Keys {
    threads: Vec<Vec<u32>>,
}

impl Keys {
    /// Drawn for each thread; then they repeat.
    const DRAWN: usize = 1 << 20;

    /// Keys below `keys` with exponent 0.99; the most wanted are spread over the range.
    pub fn zipf(keys: usize, threads: usize) -> Self {
        let zipf = Zipf::new(keys as f64, 0.99).expect("a positive exponent");
        // 7919 is prime and divides neither count of keys, so that each rank has a key of its own.
        let key = |rank: f64| ((rank as u64 - 1) * 7919 % keys as u64) as u32;
        let drawn = |seed: usize| {
            let mut rng = StdRng::seed_from_u64(seed as u64);
            (0..Self::DRAWN).map(|_| key(zipf.sample(&mut rng))).collect()
        };
        Self { threads: (0..threads).map(drawn).collect() }
    }

    /// The keys of a thread, without end.
    pub fn of(&self, thread: usize) -> impl Iterator<Item = u64> {
        self.threads[thread].iter().map(|&key| u64::from(key)).cycle()
    }
}
