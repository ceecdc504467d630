//! A ring against a file in memory: whatever is in flight together, each operation moves its own bytes.

use std::collections::HashMap;
use std::ops::Range;

use bedplate::io::{Completion, DirectFile, FileId, OpId, Uring};
use bedplate::pool::{Block, BlockPool};
use proptest::prelude::*;
use tempfile::tempdir;

use super::uring_support::{buffered, direct, ring};

const UNIT: usize = 4096;
const UNITS: usize = 24;
const DEPTH: usize = 6;

#[derive(Clone, Copy, Debug)]
enum Way {
    Plain,
    Durable,
    ThenSync,
    Vectored,
    Part,
}

#[derive(Clone, Debug)]
enum Step {
    Read { at: usize, units: usize, way: Way },
    Write { at: usize, units: usize, way: Way },
    Sync,
    Submit,
    Poll,
    Wait(usize),
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Plain), Just(Way::Durable), Just(Way::ThenSync), Just(Way::Vectored), Just(Way::Part)]
}

fn step() -> impl Strategy<Value = Step> {
    let place = || (0..UNITS, 1..4_usize, way());
    prop_oneof![
        4 => place().prop_map(|(at, units, way)| Step::Read { at, units, way }),
        4 => place().prop_map(|(at, units, way)| Step::Write { at, units, way }),
        1 => Just(Step::Sync),
        1 => Just(Step::Submit),
        2 => Just(Step::Poll),
        2 => (0..3_usize).prop_map(Step::Wait),
    ]
}

/// What an operation must come to.
struct Expected {
    span: Range<usize>,
    writes: bool,
    /// It moves the end of the file, at which all others look.
    grows: bool,
    /// What a read must find.
    bytes: Option<Vec<u8>>,
    moved: usize,
}

struct Twin {
    ring: Uring<Block>,
    file: FileId,
    pool: BlockPool,
    /// Blocks of one unit.
    small: BlockPool,
    model: Vec<u8>,
    flight: HashMap<OpId, Expected>,
    next: u8,
}

fn holding(pool: &BlockPool, bytes: &[u8]) -> Block {
    let mut block = pool.try_acquire().unwrap();
    block.as_full_mut()[..bytes.len()].copy_from_slice(bytes);
    block.set_len(bytes.len());
    block
}

impl Twin {
    /// Takes one completion in, if there is one.
    fn poll(&mut self) -> bool {
        let Some(done) = self.ring.poll() else { return false };
        self.compare(done);
        true
    }

    fn compare(&mut self, done: Completion<Block>) {
        let expected = self.flight.remove(&done.id).expect("an operation that is in flight");
        assert_eq!(done.result.unwrap(), expected.moved, "{:?}", expected.span);
        let Some(bytes) = expected.bytes else { return };
        let read: Vec<u8> = done.buffers.many().iter().flat_map(|block| block.to_vec()).collect();
        assert!(read == bytes, "a read of {:?}", expected.span);
    }

    /// Waits until nothing is in flight that a new operation would race with, and there is room.
    fn clear(&mut self, span: &Range<usize>, writes: bool) {
        let races =
            |other: &Expected| (writes || other.writes) && other.span.start < span.end && span.start < other.span.end;
        let grows = writes && span.end > self.model.len();
        while self.flight.len() == DEPTH || self.flight.values().any(|other| grows || other.grows || races(other)) {
            self.ring.wait(1, None).unwrap();
            assert!(self.poll());
        }
    }

    fn write(&mut self, at: usize, units: usize, way: Way) {
        let span = at * UNIT..(at + units) * UNIT;
        self.clear(&span, true);
        self.next = self.next.wrapping_add(1);
        let bytes: Vec<u8> = (0..span.len()).map(|i| self.next.wrapping_add((i / 512) as u8)).collect();
        let offset = span.start as u64;
        let (ring, file) = (&mut self.ring, self.file);
        let block = |fill: &[u8]| holding(&self.pool, fill);
        let id = match way {
            Way::Plain => ring.write(file, block(&bytes), offset),
            Way::Durable => ring.write_durable(file, block(&bytes), offset),
            Way::ThenSync => ring.write_then_sync(file, block(&bytes), offset),
            Way::Vectored => ring.write_vectored(file, bytes.chunks(UNIT).map(block).collect(), offset),
            Way::Part => {
                let filled = [&[0; UNIT], &bytes[..]].concat();
                ring.write_range(file, block(&filled), UNIT..filled.len(), offset)
            }
        };
        let grows = self.model.len() < span.end;
        if grows {
            self.model.resize(span.end, 0);
        }
        self.model[span.clone()].copy_from_slice(&bytes);
        self.flight.insert(id.unwrap(), Expected { moved: span.len(), span, writes: true, grows, bytes: None });
    }

    fn read(&mut self, at: usize, units: usize, way: Way) {
        let span = at * UNIT..(at + units) * UNIT;
        self.clear(&span, false);
        let there = span.start.min(self.model.len())..span.end.min(self.model.len());
        let mut bytes = self.model[there].to_vec();
        let moved = bytes.len();
        let offset = span.start as u64;
        let (ring, file) = (&mut self.ring, self.file);
        let id = match way {
            Way::Part => {
                let before = [7; UNIT];
                bytes.splice(0..0, before);
                ring.read_range(file, holding(&self.pool, &before), UNIT..UNIT + span.len(), offset)
            }
            Way::Vectored => {
                let blocks = (0..units).map(|_| self.small.try_acquire().unwrap()).collect();
                ring.read_vectored(file, blocks, offset)
            }
            Way::Plain | Way::Durable | Way::ThenSync => {
                ring.read_range(file, self.pool.try_acquire().unwrap(), 0..span.len(), offset)
            }
        };
        self.flight.insert(id.unwrap(), Expected { span, writes: false, grows: false, bytes: Some(bytes), moved });
    }

    fn sync(&mut self) {
        self.clear(&(0..0), false);
        let id = self.ring.sync_data(self.file).unwrap();
        self.flight.insert(id, Expected { span: 0..0, writes: false, grows: false, bytes: None, moved: 0 });
    }
}

fn run(open: impl FnOnce(&std::path::Path) -> DirectFile, registered: bool, steps: &[Step]) {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let Some(mut ring) = ring::<Block>(DEPTH) else { return };
    let pool = BlockPool::builder().block_size(4 * UNIT).slab_blocks(8).max_blocks(64).build().unwrap();
    let small = BlockPool::builder().block_size(UNIT).max_blocks(64).build().unwrap();
    if registered {
        ring.register_pool(&pool).unwrap();
        ring.register_pool(&small).unwrap();
    }
    let file = ring.register_file(open(&path)).unwrap();
    let mut twin = Twin { ring, file, pool, small, model: Vec::new(), flight: HashMap::new(), next: 0 };
    for step in steps {
        match *step {
            Step::Read { at, units, way } => twin.read(at, units, way),
            Step::Write { at, units, way } => twin.write(at, units, way),
            Step::Sync => twin.sync(),
            Step::Submit => drop(twin.ring.submit().unwrap()),
            Step::Poll => drop(twin.poll()),
            Step::Wait(n) => {
                let n = n.min(twin.ring.in_flight());
                assert!(twin.ring.wait(n, None).unwrap() >= n);
            }
        }
        assert_eq!(twin.ring.in_flight(), twin.flight.len());
    }
    while !twin.flight.is_empty() {
        twin.ring.wait(1, None).unwrap();
        assert!(twin.poll());
    }
    assert!(std::fs::read(&path).unwrap() == twin.model);
    let stats = twin.ring.stats();
    assert_eq!((stats.accepted, stats.failed, stats.in_flight), (stats.completed, 0, 0));
    drop(twin.ring);
    assert_eq!((twin.pool.stats().in_use, twin.small.stats().in_use), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn operations_in_flight_do_not_mix(
        steps in proptest::collection::vec(step(), 1..60),
        is_direct in any::<bool>(),
        registered in any::<bool>(),
    ) {
        run(if is_direct { direct } else { buffered }, registered, &steps);
    }
}
