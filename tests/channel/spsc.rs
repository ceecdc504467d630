use crate::suite;
use bedplate::channel::{self, Builder};

#[test]
fn smoke() {
    suite::smoke(Builder::build_spsc);
}

#[test]
fn receive_timeouts() {
    suite::receive_timeouts(Builder::build_spsc);
}

#[test]
fn send_timeouts() {
    suite::send_timeouts(Builder::build_spsc);
}

#[test]
fn close_then_drain() {
    suite::close_then_drain(Builder::build_spsc);
}

#[test]
fn close_wakes_a_receiver() {
    suite::close_wakes_a_receiver(Builder::build_spsc);
}

#[test]
fn close_wakes_a_sender() {
    suite::close_wakes_a_sender(Builder::build_spsc);
}

#[test]
fn the_last_sender_closes() {
    suite::the_last_sender_closes(Builder::build_spsc);
}

#[test]
fn the_last_receiver_closes() {
    suite::the_last_receiver_closes(Builder::build_spsc);
}

#[test]
fn batches() {
    suite::batches(Builder::build_spsc);
}

#[test]
fn close_racing_with_send() {
    suite::close_racing_with_send(Builder::build_spsc);
}

#[test]
#[should_panic(expected = "spsc::ring: the capacity must be at least 1")]
fn capacity_zero() {
    let _ = channel::spsc::<u8>(0);
}
