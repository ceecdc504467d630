//! Who moves how much through what.

use super::payload::Payload;
use crate::harness::{Job, on_one_cpu, together_jobs};
use std::time::Duration;

/// The capacity of rows that name none.
pub const CAPACITY: usize = 1024;

/// Where the threads of a row run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the CPUs in turn, producers first.
    InTurn,
    /// All on one CPU.
    OneCpu,
}

/// Producers and consumers on both sides of a queue or a channel.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Threads that put items in.
    pub producers: usize,
    /// Threads that take items out.
    pub consumers: usize,
    /// The most items inside.
    pub capacity: usize,
    /// Items a call.
    pub bulk: usize,
    /// Where the threads run.
    pub place: Place,
}

impl Shape {
    /// The usual capacity, one item a call, threads on the CPUs in turn.
    pub fn new(producers: usize, consumers: usize) -> Self {
        Self { producers, consumers, capacity: CAPACITY, bulk: 1, place: Place::InTurn }
    }

    /// The id of its row: `calls` says what is called, and what is usual goes without saying.
    pub fn row<T: Payload>(&self, calls: &str) -> String {
        let mut row = format!("{calls} {}p{}c", self.producers, self.consumers);
        if T::NAME != u64::NAME {
            row += &format!(" {}", T::NAME);
        }
        if self.capacity != CAPACITY {
            row += &format!(" cap{}", self.capacity);
        }
        if self.place == Place::OneCpu {
            row += " onecpu";
        }
        row
    }

    /// What the detail of its row begins with.
    pub fn detail<T: Payload>(&self) -> String {
        let place = if self.place == Place::OneCpu { "; all threads on one CPU" } else { "" };
        format!("{}; capacity {}{place}", T::DETAIL, self.capacity)
    }

    /// Threads at work.
    pub fn threads(&self) -> usize {
        self.producers + self.consumers
    }

    /// Runs the jobs in its place, as [`together_jobs`] does.
    pub fn start(&self, jobs: Vec<Job<'_>>) -> (Duration, u64) {
        match self.place {
            Place::InTurn => together_jobs(jobs),
            Place::OneCpu => on_one_cpu(jobs),
        }
    }
}
