//! However a file is written, it is what was written.

use std::fs;
use std::io::Write;
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectWriter};
use bedplate::pool::BlockPool;
use proptest::prelude::*;

use crate::direct_reader_properties::backend;
use crate::places::{pattern, places};

#[derive(Clone, Debug)]
enum Op {
    Write(usize),
    /// A block of so many bytes, of the writer's pool or of another.
    Block(usize, bool),
    Flush,
}

fn op() -> impl Strategy<Value = Op> {
    let len = prop_oneof![0..20_000usize, (0..5usize).prop_map(|n| n * 4096), (0..9usize).prop_map(|n| n * 512)];
    prop_oneof![
        3 => len.clone().prop_map(Op::Write),
        2 => (len, any::<bool>()).prop_map(|(len, own)| Op::Block(len, own)),
        1 => Just(Op::Flush),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    /// Bytes of the file that is written over; a new one where there is none.
    over: Option<usize>,
    expected: Option<u64>,
    block: usize,
    depth: usize,
    blocks: usize,
    backend: Backend,
    direct: Demand,
    ops: Vec<Op>,
    finished: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let over = prop::option::of(0..100_000usize);
    let expected = prop::option::of(0..200_000u64);
    let block = prop_oneof![Just(4096usize), Just(8192), Just(32_768)];
    let direct = prop_oneof![Just(Demand::Prefer), Just(Demand::Off)];
    // One block for the caller, and one at least for the writer.
    let sizes = (1..9usize, 2..12usize);
    let ops = prop::collection::vec(op(), 0..15);
    (over, expected, block, sizes, backend(), direct, ops, prop::bool::weighted(0.7)).prop_map(
        |(over, expected, block, (depth, blocks), backend, direct, ops, finished)| Case {
            over,
            expected,
            block,
            depth,
            blocks,
            backend,
            direct,
            ops,
            finished,
        },
    )
}

fn check(dir: &Path, case: &Case) {
    let path = dir.join("f");
    let old = case.over.map(|len| vec![0xa5; len]);
    match &old {
        Some(old) => fs::write(&path, old).unwrap(),
        None => drop(fs::remove_file(&path)),
    }
    let pool = || BlockPool::builder().block_size(case.block).max_blocks(case.blocks).build().unwrap();
    let (own, other) = (pool(), pool());
    for _ in 0..case.blocks {
        // What is in memory before must not come to the disk.
        let mut blocks = Vec::new();
        let _ = own.try_acquire_many(case.blocks, &mut blocks);
        blocks.iter_mut().for_each(|block| block.as_full_mut().fill(0xee));
    }
    let builder = DirectWriter::builder().pool(own.clone()).depth(case.depth).backend(case.backend).direct(case.direct);
    let builder = match case.expected {
        Some(len) => builder.expected_len(len),
        None => builder,
    };
    let mut writer = match case.over {
        Some(_) => builder.over(DirectFile::options().read().write().direct(case.direct).open(&path).unwrap()).unwrap(),
        None => builder.create(&path).unwrap(),
    };
    let unit = DirectFile::options().read().write().create().direct(case.direct).open(dir.join("probe")).unwrap();
    let unit = unit.alignment().offset as u64;
    let source = pattern(400_000);
    let mut position = 0;
    for op in &case.ops {
        match op {
            Op::Write(len) => {
                writer.write_all(&source[position..position + len]).unwrap();
                position += len;
            }
            Op::Block(len, of_own) => {
                let len = *len.min(&case.block);
                let pool = if *of_own { &own } else { &other };
                let mut block = match pool.try_acquire() {
                    Ok(block) => block,
                    // The writer has them all, and gives back what it has of others when it is called again.
                    Err(_) if *of_own => continue,
                    Err(_) => {
                        writer.flush().unwrap();
                        pool.try_acquire().unwrap()
                    }
                };
                block.as_full_mut()[..len].copy_from_slice(&source[position..position + len]);
                block.set_len(len);
                writer.write_block(block).unwrap();
                position += len;
            }
            Op::Flush => {
                writer.flush().unwrap();
                assert_eq!(writer.written(), position as u64 / unit * unit, "{case:?}");
                if let Some(old) = case.over {
                    let there = fs::read(&path).unwrap();
                    let written = writer.written() as usize;
                    assert!(there[..written] == source[..written], "{case:?}");
                    let most = written.max(old).max(case.expected.unwrap_or(0) as usize + unit as usize);
                    assert!(there.len() <= most, "{case:?}: {} of {most}", there.len());
                }
            }
        }
        assert_eq!(writer.position(), position as u64);
        assert!(writer.written() <= position as u64);
    }
    if case.finished {
        let file = writer.finish().unwrap();
        assert_eq!(file.len().unwrap(), position as u64);
        assert!(fs::read(&path).unwrap() == source[..position], "{case:?}");
    } else {
        drop(writer);
        match &old {
            // Some of the new bytes, some of the old, and nothing else.
            Some(old) => {
                let there = fs::read(&path).unwrap();
                let whole = position.next_multiple_of(unit as usize);
                assert!(there.len() >= old.len() && there.len() <= old.len().max(whole), "{case:?}: {}", there.len());
                let known = |(at, byte): (usize, &u8)| *byte == source[at] || old.get(at).unwrap_or(&0) == byte;
                assert!(there.iter().enumerate().all(known), "{case:?}");
            }
            None => assert!(!path.exists()),
        }
    }
    assert_eq!((own.stats().in_use, other.stats().in_use), (0, 0));
}

#[test]
fn the_file_is_what_was_written() {
    for dir in places() {
        proptest!(ProptestConfig::with_cases(64), |(case in case())| check(dir.path(), &case));
    }
}
