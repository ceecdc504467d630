use bedplate::batch::{FlushError, PushError};
use std::error::Error;

/// Neither `Debug` nor `Copy`: an item may be anything.
#[derive(PartialEq)]
struct Item(u8);

#[test]
fn the_item_comes_back_out_of_every_kind() {
    for error in [PushError::Full(Item(1)), PushError::Closed(Item(1)), PushError::Reentrant(Item(1))] {
        assert!(error.into_inner() == Item(1));
    }
}

#[test]
fn kinds_differ_in_their_words() {
    let push: Vec<Box<dyn Error>> = vec![
        Box::new(PushError::Full(0)),
        Box::new(PushError::Closed(0)),
        Box::new(PushError::Reentrant(0)),
        Box::new(FlushError::TimedOut),
        Box::new(FlushError::Closed),
        Box::new(FlushError::Reentrant),
    ];
    let mut words: Vec<String> = push.iter().map(ToString::to_string).collect();
    words.sort();
    words.dedup();
    assert_eq!(words.len(), 6);
    assert_eq!(format!("{:?}", PushError::Full(Item(1))), "Full(..)");
    assert!(PushError::Full(0).is_full() && !PushError::Closed(0).is_full() && !PushError::Reentrant(0).is_full());
}
