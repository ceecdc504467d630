#![cfg(feature = "sync")]

mod event_count;
