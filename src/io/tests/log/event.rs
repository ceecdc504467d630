use std::sync::Arc;

/// What changes a disk, in the order in which it happened. A write or a sync has a beginning and an end, with other
/// events between.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// The file gets the number of files there were.
    Create(String),
    Rename(String, String),
    Remove(String),
    DirectorySync {
        op: u64,
    },
    DirectorySynced {
        op: u64,
    },
    Write {
        op: u64,
        file: usize,
        at: usize,
        bytes: Arc<[u8]>,
    },
    /// The end of a write: how much was taken, and whether that is durable with it.
    Written {
        op: u64,
        file: usize,
        taken: usize,
        durable: bool,
    },
    /// The end of a write that failed: some of its sectors may come to the disk all the same.
    NotWritten {
        op: u64,
        file: usize,
        seed: u64,
    },
    SetLen {
        op: u64,
        file: usize,
        len: usize,
    },
    Sync {
        op: u64,
        file: usize,
    },
    Synced {
        op: u64,
        file: usize,
    },
    /// The end of a sync that failed: some of what it was to make durable never will be, and no later sync tells.
    NotSynced {
        op: u64,
        file: usize,
        seed: u64,
    },
    /// Nothing to the disk.
    Note(Note),
}

/// What the users of a log did or learned, among what happened to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// An append of the records with these numbers of a thread is about to be called.
    Begun { thread: usize, first: u32, count: u32 },
    /// The log said that all records up to this one are durable.
    Acknowledged(u64),
    /// Records below this one may go.
    Trimming(u64),
}
