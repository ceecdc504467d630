//! Random operations by two threads against a model of which block is where.
#![allow(unsafe_code)] // Raw blocks are made blocks again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use bedplate::pool::{AcquireError, Block, BlockLocation, BlockPool, RawBlock, SlabPins};
use proptest::collection::vec;
use proptest::prelude::*;

const SIZE: usize = 4096;

#[derive(Clone, Debug)]
enum Op {
    Acquire,
    AcquireMany(usize),
    Release(usize),
    ReleaseMany(usize),
    IntoRaw(usize),
    FromRaw,
    Trim(usize),
    Pin,
    Unpin(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => Just(Op::Acquire),
        3 => (0usize..8).prop_map(Op::AcquireMany),
        4 => any::<usize>().prop_map(Op::Release),
        2 => (0usize..8).prop_map(Op::ReleaseMany),
        1 => any::<usize>().prop_map(Op::IntoRaw),
        1 => Just(Op::FromRaw),
        3 => (0usize..5).prop_map(Op::Trim),
        1 => Just(Op::Pin),
        1 => any::<usize>().prop_map(Op::Unpin),
    ]
}

/// The pool, and what is known of it.
struct State {
    pool: BlockPool,
    slab: usize,
    max: usize,
    out: Vec<(Block, u8)>,
    raw: Vec<(RawBlock, u8, BlockLocation)>,
    pins: Vec<(SlabPins, BTreeSet<usize>)>,
    /// Where each place was found to be.
    addresses: BTreeMap<BlockLocation, usize>,
    /// Places that were written to since their slab got its memory.
    dirty: BTreeSet<BlockLocation>,
    tag: u8,
}

impl State {
    fn blocks_of(&self, slab: usize) -> usize {
        self.slab.min(self.max - slab * self.slab)
    }

    fn count_out(&self) -> usize {
        self.out.len() + self.raw.len()
    }

    fn locations_out(&self) -> impl Iterator<Item = BlockLocation> {
        self.out.iter().map(|(block, _)| block.location().unwrap()).chain(self.raw.iter().map(|raw| raw.2))
    }

    /// The slabs that have memory.
    fn committed(&self) -> BTreeSet<usize> {
        let pins = self.pool.pin_slabs();
        pins.iovecs().iter().enumerate().filter(|(_, slab)| slab.len != 0).map(|(at, _)| at).collect()
    }

    fn take(&mut self, mut block: Block) {
        let at = block.location().unwrap();
        assert!(self.locations_out().all(|other| other != at), "{at:?} has two owners");
        let address = block.as_full().as_ptr().addr();
        assert_eq!(*self.addresses.entry(at).or_insert(address), address, "a place has one address");
        if self.dirty.insert(at) {
            assert!(block.as_full().iter().all(|b| *b == 0), "{at:?} is fresh from the kernel");
        }
        self.tag = self.tag % 200 + 1;
        block.as_full_mut().fill(self.tag);
        self.out.push((block, self.tag));
    }

    fn apply(&mut self, op: &Op) {
        let free = self.max - self.count_out();
        match op {
            Op::Acquire => match self.pool.try_acquire() {
                Ok(block) => self.take(block),
                Err(error) => {
                    assert!(matches!(error, AcquireError::Exhausted));
                    assert_eq!(free, 0);
                }
            },
            Op::AcquireMany(n) => {
                let mut got = Vec::new();
                match self.pool.try_acquire_many(*n, &mut got) {
                    Ok(count) => {
                        assert_eq!((count, got.len()), ((*n).min(free), (*n).min(free)));
                        got.into_iter().for_each(|block| self.take(block));
                    }
                    Err(error) => {
                        assert!(matches!(error, AcquireError::Exhausted));
                        assert!(free == 0 && *n > 0 && got.is_empty());
                    }
                }
            }
            Op::Release(i) if !self.out.is_empty() => drop(self.out.swap_remove(i % self.out.len())),
            Op::ReleaseMany(n) => {
                let rest = self.out.len().saturating_sub(*n);
                let mut blocks: Vec<Block> = self.out.drain(rest..).map(|(block, _)| block).collect();
                self.pool.release_many(&mut blocks);
                assert!(blocks.is_empty());
            }
            Op::IntoRaw(i) if !self.out.is_empty() => {
                let (block, tag) = self.out.swap_remove(i % self.out.len());
                let at = block.location().unwrap();
                self.raw.push((block.into_raw(), tag, at));
            }
            Op::FromRaw => {
                if let Some((raw, tag, at)) = self.raw.pop() {
                    // SAFETY: nobody was told of the block.
                    let block = unsafe { Block::from_raw(raw) };
                    assert_eq!(block.location(), Some(at));
                    self.out.push((block, tag));
                }
            }
            Op::Trim(keep) => self.trim(*keep),
            Op::Pin => {
                let committed = self.committed();
                self.pins.push((self.pool.pin_slabs(), committed));
            }
            Op::Unpin(i) if !self.pins.is_empty() => drop(self.pins.swap_remove(i % self.pins.len())),
            Op::Release(_) | Op::IntoRaw(_) | Op::Unpin(_) => {}
        }
    }

    fn trim(&mut self, keep: usize) {
        let mut left = self.committed();
        let mut idle = left.iter().map(|slab| self.blocks_of(*slab)).sum::<usize>() - self.count_out();
        let mut gone = 0;
        for slab in left.clone().into_iter().rev() {
            let blocks = self.blocks_of(slab);
            let in_use = self.locations_out().any(|at| at.slab == slab);
            let pinned = self.pins.iter().any(|(_, slabs)| slabs.contains(&slab));
            if !in_use && !pinned && idle - blocks >= keep {
                idle -= blocks;
                gone += blocks;
                left.remove(&slab);
            }
        }
        assert_eq!(self.pool.trim(keep), gone);
        assert_eq!(self.committed(), left);
        self.dirty.retain(|at| left.contains(&at.slab));
    }

    fn check(&self) {
        for (block, tag) in &self.out {
            assert!(block.as_full().iter().all(|b| b == tag));
            let at = block.location().unwrap();
            for (pins, slabs) in &self.pins {
                assert_eq!(pins.covers(block), slabs.contains(&at.slab));
                if let Some(slab) = pins.iovecs().get(at.slab).filter(|slab| slab.len != 0) {
                    assert!(at.offset + SIZE <= slab.len);
                    assert_eq!(slab.ptr.addr() + at.offset, block.as_full().as_ptr().addr());
                }
            }
        }
        let committed = self.committed();
        let stats = self.pool.stats();
        assert_eq!(stats.in_use, self.count_out());
        assert_eq!(stats.total, stats.idle + stats.in_use);
        assert_eq!(stats.total, committed.iter().map(|slab| self.blocks_of(*slab)).sum::<usize>());
        assert_eq!(stats.slabs, committed.len());
        let pinned: BTreeSet<_> = self.pins.iter().flat_map(|(_, slabs)| slabs).collect();
        assert_eq!(stats.pinned, pinned.len());
        assert!(stats.total <= self.max);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn the_pool_does_what_the_model_does(
        slab in 1usize..4,
        max in 1usize..10,
        ops in vec((any::<bool>(), op()), 0..80),
    ) {
        let pool = BlockPool::builder().block_size(SIZE).slab_blocks(slab).max_blocks(max).build().unwrap();
        let state = Mutex::new(State {
            pool,
            slab: slab.min(max),
            max,
            out: Vec::new(),
            raw: Vec::new(),
            pins: Vec::new(),
            addresses: BTreeMap::new(),
            dirty: BTreeSet::new(),
            tag: 0,
        });
        thread::scope(|s| {
            let (order, orders) = mpsc::channel::<Op>();
            let (done, dones) = mpsc::channel();
            let state = &state;
            // Blocks go to and fro between the magazines of two threads.
            s.spawn(move || {
                for op in orders {
                    state.lock().unwrap().apply(&op);
                    done.send(()).unwrap();
                }
            });
            for (here, op) in &ops {
                if *here {
                    state.lock().unwrap().apply(op);
                } else {
                    order.send(op.clone()).unwrap();
                    dones.recv().expect("the other thread did it");
                }
                state.lock().unwrap().check();
            }
            drop(order);
        });
        let state = state.into_inner().unwrap();
        for (raw, ..) in state.raw {
            // SAFETY: nobody was told of the block.
            drop(unsafe { Block::from_raw(raw) });
        }
        drop((state.out, state.pins));
        let stats = state.pool.stats();
        prop_assert_eq!(state.pool.trim(0), stats.total);
        prop_assert_eq!(state.pool.stats().slabs, 0);
    }
}
