use crate::suite::{Payload, Place, Shape};

#[test]
fn a_row_is_named_after_what_is_not_usual_in_it() {
    let shape = Shape::new(2, 1);
    assert_eq!(shape.row::<u64>("single"), "single 2p1c");
    assert_eq!(shape.row::<[u64; 8]>("bulk8"), "bulk8 2p1c 64B");
    assert_eq!(Shape { capacity: 64, ..shape }.row::<[u64; 128]>("single"), "single 2p1c 1KiB cap64");
    assert_eq!(Shape { place: Place::OneCpu, ..shape }.row::<u64>("channel32"), "channel32 2p1c onecpu");
    assert_eq!(Shape { bulk: 32, ..shape }.threads(), 3);
}

#[test]
fn a_payload_carries_its_number() {
    assert_eq!((u64::numbered(7).number(), <[u64; 128]>::numbered(9).number()), (7, 9));
}

#[test]
#[should_panic(expected = "arrives whole")]
fn a_torn_payload_is_noticed() {
    let mut torn = <[u64; 8]>::numbered(1);
    torn[7] = 2;
    torn.number();
}
