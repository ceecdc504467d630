//! The operations of the fuzz target, on sequences that proptest makes.

use proptest::prelude::*;

use super::ops;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_cache_answers_as_the_model_does_and_stays_whole(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        ops::run(&bytes);
    }
}
