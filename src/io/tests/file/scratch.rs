//! Files to spoil, and ways to spoil them.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

use crate::io::tests::faults::{Call, EINTR, Fault, Faults};
use crate::io::{Alignment, SyncLost};

pub(super) const UNITS: [Option<Alignment>; 4] = [
    None,
    Some(Alignment { memory: 512, offset: 512 }),
    Some(Alignment { memory: 4, offset: 4096 }),
    Some(Alignment { memory: 4096, offset: 1024 }),
];

pub(super) fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A file with that content.
pub(super) struct Scratch {
    _dir: TempDir,
    pub(super) path: PathBuf,
}

impl Scratch {
    pub(super) fn new(content: &[u8]) -> Self {
        let dir = tempfile::tempdir_in(if fs::metadata("/dev/shm").is_ok() { "/dev/shm" } else { "/tmp" }).unwrap();
        let path = dir.path().join("f");
        fs::write(&path, content).unwrap();
        Self { _dir: dir, path }
    }

    pub(super) fn open(&self) -> File {
        File::options().read(true).write(true).open(&self.path).unwrap()
    }

    pub(super) fn content(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }
}

pub(super) fn lost(error: &io::Error) -> Option<i32> {
    error.get_ref()?.downcast_ref::<SyncLost>()?.cause().raw_os_error()
}

pub(super) fn run<S: Strategy>(cases: u32, of: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&of, test).unwrap();
}

/// What the first calls of a kind do: nothing, an interruption, or so many bytes.
pub(super) fn hitches() -> impl Strategy<Value = Vec<Option<Fault>>> {
    let one =
        prop_oneof![Just(None), Just(Some(Fault::Errno(EINTR))), (1..9000usize).prop_map(|n| Some(Fault::Short(n))),];
    prop::collection::vec(one, 0..8)
}

pub(super) fn hitch(faults: &Faults, call: Call, hitches: &[Option<Fault>]) {
    for (i, fault) in hitches.iter().enumerate() {
        if let Some(fault) = fault {
            faults.on(call, i, *fault);
        }
    }
}
