use crate::sync::Writers;
use proptest::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_writer_does_what_many_do(start in any::<u64>(), steps in prop::collection::vec((0..3u8, any::<u64>()), 0..20)) {
        let cells = [start, start].map(AtomicU64::new);
        let mut model = start;
        for (what, n) in steps {
            for (cell, writers) in cells.iter().zip([Writers::One, Writers::Many]) {
                match what {
                    0 => writers.add(cell, n, Ordering::Relaxed),
                    1 => writers.lower(cell, n),
                    _ => writers.raise(cell, n),
                }
            }
            model = match what {
                0 => model.wrapping_add(n),
                1 => model.min(n),
                _ => model.max(n),
            };
            prop_assert_eq!(cells.each_ref().map(|cell| cell.load(Ordering::Relaxed)), [model, model]);
        }
    }
}
