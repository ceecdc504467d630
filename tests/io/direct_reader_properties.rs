//! However a file is read, its bytes come once and in order.

use std::fs;
use std::io::{BufRead, Read};
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{Backend, DirectReader};
use bedplate::pool::BlockPool;
use proptest::prelude::*;

use crate::places::{pattern, places};

#[derive(Clone, Debug)]
enum Op {
    Read(usize),
    /// Fill the buffer and consume so many thousandths of it.
    Fill(usize),
    Block,
    TryBlock,
    /// As `Block`, and hold the block until the next of these.
    Hold,
    Refresh,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0..20_000usize).prop_map(Op::Read),
        2 => (0..=1000usize).prop_map(Op::Fill),
        2 => Just(Op::Block),
        1 => Just(Op::TryBlock),
        1 => Just(Op::Hold),
        1 => Just(Op::Refresh),
    ]
}

pub fn backend() -> impl Strategy<Value = Backend> {
    prop::sample::select(vec![
        Backend::Inline,
        Backend::Threads(1),
        Backend::Threads(3),
        #[cfg(feature = "io-uring")]
        Backend::Uring,
        #[cfg(feature = "io-uring")]
        Backend::Uring,
    ])
}

#[derive(Clone, Debug)]
struct Case {
    len: usize,
    /// Parts of the length, in thousandths.
    range: Option<(u64, u64)>,
    block: usize,
    depth: usize,
    blocks: usize,
    backend: Backend,
    direct: Demand,
    ops: Vec<Op>,
}

fn case() -> impl Strategy<Value = Case> {
    let len = prop_oneof![0..100usize, 0..70_000usize, (0..16usize).prop_map(|n| n * 4096)];
    let range = prop::option::of((0..1100u64, 0..1100u64));
    let block = prop_oneof![Just(4096usize), Just(8192), Just(32_768)];
    let direct = prop_oneof![Just(Demand::Prefer), Just(Demand::Off)];
    // One block more than is held: else a reader may wait for itself.
    let sizes = (1..9usize, 2..12usize);
    (len, range, block, sizes, backend(), direct, prop::collection::vec(op(), 1..20)).prop_map(
        |(len, range, block, (depth, blocks), backend, direct, ops)| Case {
            len,
            range,
            block,
            depth,
            blocks,
            backend,
            direct,
            ops,
        },
    )
}

fn check(dir: &Path, case: &Case) {
    let path = dir.join("f");
    let content = pattern(case.len);
    fs::write(&path, &content).unwrap();
    let pool = BlockPool::builder().block_size(case.block).max_blocks(case.blocks).build().unwrap();
    let builder =
        DirectReader::builder().pool(pool.clone()).depth(case.depth).backend(case.backend).direct(case.direct);
    let (builder, expected) = match case.range {
        None => (builder, &content[..]),
        Some((start, end)) => {
            let at = |part: u64| part * case.len as u64 / 1000;
            let kept = |part: u64| (at(part) as usize).min(case.len);
            let expected = content.get(kept(start)..kept(end)).unwrap_or_default();
            (builder.range(at(start)..at(end)), expected)
        }
    };
    let mut reader = builder.open(&path).unwrap();
    let start = reader.position();
    let (mut got, mut held) = (Vec::new(), None);
    // One of them takes it further.
    let mut ops = case.ops.iter().chain([&Op::Read(5000)]).cycle();
    loop {
        let before = got.len();
        match ops.next().unwrap() {
            Op::Read(len) => {
                let mut piece = vec![0; *len];
                let n = reader.read(&mut piece).unwrap();
                got.extend_from_slice(&piece[..n]);
            }
            Op::Fill(part) => {
                let filled = reader.fill_buf().unwrap();
                let n = filled.len() * part / 1000;
                got.extend_from_slice(&filled[..n]);
                reader.consume(n);
            }
            Op::Block => got.extend_from_slice(&reader.next_block().unwrap().map_or(vec![], |b| b.to_vec())),
            Op::TryBlock => match reader.try_next_block() {
                Ok(block) => got.extend_from_slice(&block.map_or(vec![], |b| b.to_vec())),
                Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::WouldBlock),
            },
            Op::Hold => {
                held = None;
                held = reader.next_block().unwrap().or(held);
                got.extend_from_slice(held.as_deref().unwrap_or_default());
            }
            Op::Refresh => assert_eq!(reader.refresh().unwrap(), (expected.len() - got.len()) as u64),
        }
        assert!(got.len() <= expected.len() && got[before..] == expected[before..got.len()], "{case:?}");
        // Nothing is known of the length of an empty file.
        if case.len > 0 {
            assert_eq!(reader.len(), expected.len() as u64);
            assert_eq!(reader.remaining(), (expected.len() - got.len()) as u64);
        }
        assert_eq!(reader.position(), start + got.len() as u64);
        if got.len() == before && reader.fill_buf().unwrap().is_empty() {
            break;
        }
    }
    assert!(got == expected, "{case:?}");
    drop((reader, held));
    assert_eq!(pool.stats().in_use, 0);
}

#[test]
fn every_byte_comes_once_and_in_order() {
    for dir in places() {
        proptest!(ProptestConfig::with_cases(80), |(case in case())| check(dir.path(), &case));
    }
}
