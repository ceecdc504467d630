//! Every offset, length and alignment against std, on the file systems that are there.

use bedplate::Demand;

use crate::places::places;
use crate::twin::{check_grid, check_sequences};

#[test]
fn any_sequence_leaves_what_std_leaves() {
    for place in places() {
        for direct in [Demand::Prefer, Demand::Off] {
            check_sequences(&place.path().join("f"), 20_000, direct, 40);
        }
    }
}

#[test]
fn any_one_operation_does_what_std_does() {
    for place in places() {
        for direct in [Demand::Prefer, Demand::Off] {
            check_grid(&place.path().join("f"), 10_000, direct);
        }
    }
}
