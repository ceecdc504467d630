//! A file and its twin: what is done to the one by `DirectFile` is done to the other by std, and both stay the same.

use std::fs::{self, File};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bedplate::Demand;
use bedplate::io::{Alignment, DirectFile, Misaligned, Preallocate};
use bedplate::mem::AlignedBuf;
use bedplate::pool::BlockPool;
use proptest::prelude::*;

/// What memory holds before anything is read into it, and what freed memory holds.
const MARK: u8 = 0xA5;

/// The end of what is read and written.
pub const END: u64 = 40_000;

/// A buffer of `len` bytes, `skew` bytes behind an address that is aligned to 4096.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub len: usize,
    pub skew: usize,
}

impl Part {
    fn memory(self) -> AlignedBuf {
        let mut memory = AlignedBuf::zeroed((self.skew + self.len).max(1), 4096);
        memory.fill(MARK);
        memory
    }
}

/// What is done to a file.
#[derive(Clone, Debug)]
pub enum Op {
    Read(u64, Part),
    ReadVectored(u64, Vec<Part>),
    ReadBlock(u64),
    Write(u64, Part),
    WriteVectored(u64, Vec<Part>),
    WriteUnaligned(u64, usize),
    PunchHole(u64, u64),
    SetLen(u64),
    Reserve(u64),
    ZeroFill(u64),
}

pub struct Twin {
    file: DirectFile,
    path: PathBuf,
    twin: File,
    /// A device is as long as it is.
    resizable: bool,
    pool: BlockPool,
    /// How many bytes were written: no two writes write the same.
    written: u64,
}

impl Twin {
    /// The file at `path`, which is made where it is not a device, and a twin in the folder for temporary files; both with
    /// the same bytes, `len` of them.
    pub fn new(path: &Path, len: u64, direct: Demand) -> Self {
        let file = DirectFile::options().read().write().create().direct(direct).open(path).unwrap();
        let resizable = fs::metadata(path).unwrap().is_file();
        let twin = tempfile::tempfile().unwrap();
        let plain = File::options().write(true).open(path).unwrap();
        if resizable {
            plain.set_len(0).unwrap();
        }
        let content = content(len as usize, 0);
        plain.write_all_at(&content, 0).unwrap();
        twin.write_all_at(&content, 0).unwrap();
        let pool = BlockPool::builder().block_size(8192).max_blocks(1).build().unwrap();
        Self { file, path: path.to_owned(), twin, resizable, pool, written: len }
    }

    pub fn file(&self) -> &DirectFile {
        &self.file
    }

    fn len(&self) -> u64 {
        self.twin.metadata().unwrap().len()
    }

    /// Does it to both, and compares what was read and what came of it.
    pub fn apply(&mut self, op: &Op) {
        mark_freed_memory();
        match op {
            Op::Read(offset, part) => self.read(*offset, *part),
            Op::ReadVectored(offset, parts) => self.read_vectored(*offset, parts),
            Op::ReadBlock(offset) => self.read_block(*offset),
            Op::Write(offset, part) => self.write(*offset, *part),
            Op::WriteVectored(offset, parts) => self.write_vectored(*offset, parts),
            Op::WriteUnaligned(offset, len) => self.write_unaligned(*offset, *len),
            Op::PunchHole(start, end) => self.punch_hole(*start, *end),
            Op::SetLen(len) => self.resize(*len),
            Op::Reserve(len) => self.preallocate(*len, Preallocate::Reserve),
            Op::ZeroFill(len) => self.preallocate(*len, Preallocate::ZeroFill),
        }
        assert_eq!(self.file.len().unwrap(), self.len(), "after {op:?}");
    }

    /// Both hold the same, also behind what was their end.
    pub fn compare(&self) {
        let mut expected = vec![0; self.len() as usize];
        self.twin.read_exact_at(&mut expected, 0).unwrap();
        let found = fs::read(&self.path).unwrap();
        assert_same(&found, &expected);
        if self.resizable {
            self.file.set_len(self.len() + 10_000).unwrap();
            let found = fs::read(&self.path).unwrap();
            assert!(found[expected.len()..].iter().all(|byte| *byte == 0), "behind the end there was something");
            let mut read = vec![MARK; 10_000];
            self.file.read_exact_at(&mut read, self.len()).unwrap();
            assert!(read.iter().all(|byte| *byte == 0));
            self.file.set_len(self.len()).unwrap();
        }
    }

    /// What std reads there, up to the end.
    fn expected(&self, offset: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; (self.len().saturating_sub(offset) as usize).min(len)];
        self.twin.read_exact_at(&mut bytes, offset).unwrap();
        bytes
    }

    fn read(&self, offset: u64, part: Part) {
        let expected = self.expected(offset, part.len);
        let mut memory = part.memory();
        let buf = &mut memory[part.skew..][..part.len];
        // One call may give fewer bytes, but none only at the end.
        let mut got = 0;
        while got < expected.len() {
            let n = self.file.read_at(&mut buf[got..], offset + got as u64).unwrap();
            assert!(n > 0 && got + n <= expected.len(), "{n} at {offset}, {part:?}");
            got += n;
        }
        assert_same(&buf[..got], &expected);
        if got < part.len {
            assert_eq!(self.file.read_at(&mut buf[got..], offset + got as u64).unwrap(), 0, "{offset} {part:?}");
        }

        let mut memory = part.memory();
        let buf = &mut memory[part.skew..][..part.len];
        match self.file.read_exact_at(buf, offset) {
            Ok(()) => assert_same(buf, &expected),
            Err(e) => {
                assert!(e.kind() == ErrorKind::UnexpectedEof && expected.len() < part.len, "{e} {offset} {part:?}")
            }
        }
        // Nothing beside the buffer was touched.
        assert!(memory[..part.skew].iter().all(|byte| *byte == MARK));
        assert!(memory[part.skew + part.len..].iter().all(|byte| *byte == MARK));
    }

    fn read_vectored(&self, offset: u64, parts: &[Part]) {
        let total = parts.iter().map(|part| part.len).sum();
        let expected = self.expected(offset, total);
        let mut memory: Vec<_> = parts.iter().map(|part| part.memory()).collect();
        let into = |memory: &mut [AlignedBuf], call: &mut dyn FnMut(&mut [IoSliceMut<'_>])| {
            let mut slices: Vec<_> = (memory.iter_mut().zip(parts))
                .map(|(memory, part)| IoSliceMut::new(&mut memory[part.skew..][..part.len]))
                .collect();
            call(&mut slices);
        };
        let read = |memory: &[AlignedBuf]| -> Vec<u8> {
            memory.iter().zip(parts).flat_map(|(memory, part)| memory[part.skew..][..part.len].to_vec()).collect()
        };
        into(&mut memory, &mut |slices| {
            let n = self.file.read_vectored_at(slices, offset).unwrap();
            assert!(n <= expected.len() && (n > 0 || expected.is_empty()), "{n} at {offset}, {parts:?}");
            let found: Vec<_> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
            assert_same(&found[..n], &expected[..n]);
        });
        into(&mut memory, &mut |slices| match self.file.read_exact_vectored_at(slices, offset) {
            Ok(()) => assert_eq!(expected.len(), total),
            Err(e) => assert!(e.kind() == ErrorKind::UnexpectedEof && expected.len() < total, "{e} {offset} {parts:?}"),
        });
        if expected.len() == total {
            assert_same(&read(&memory), &expected);
        }
        for (memory, part) in memory.iter().zip(parts) {
            assert!(memory[..part.skew].iter().all(|byte| *byte == MARK));
        }
    }

    fn read_block(&self, offset: u64) {
        let mut block = self.pool.acquire().unwrap();
        block.as_full_mut().fill(MARK);
        match self.file.read_block_at(&mut block, offset) {
            Ok(()) => assert_same(&block, &self.expected(offset, 8192)),
            // Its memory is aligned: what is not is the offset.
            Err(e) => panic!("{offset}: {e}"),
        }
    }

    fn fresh(&mut self, len: usize) -> Vec<u8> {
        let bytes = content(len, self.written);
        self.written += len as u64;
        bytes
    }

    /// Whether a transfer of this buffer goes as it is.
    fn fits(&self, address: usize, len: usize, offset: u64) -> bool {
        let Alignment { memory, offset: unit } = self.file.alignment();
        address.is_multiple_of(memory) && len.is_multiple_of(unit) && offset.is_multiple_of(unit as u64)
    }

    /// What is written to the file must go to the twin if it fits, and be refused for this reason if it does not.
    fn written(&self, result: io::Result<()>, fits: bool, data: &[u8], offset: u64) {
        match result {
            Ok(()) if fits => self.twin.write_all_at(data, offset).unwrap(),
            Ok(()) => panic!("{} bytes to {offset} are not aligned", data.len()),
            Err(e) if !fits && e.kind() == ErrorKind::InvalidInput => {
                let inner = e.get_ref().and_then(|inner| inner.downcast_ref::<Misaligned>()).expect("why");
                assert_eq!(inner.needed, self.file.alignment());
            }
            Err(e) => panic!("{} bytes to {offset}: {e}", data.len()),
        }
    }

    fn write(&mut self, offset: u64, part: Part) {
        let data = self.fresh(part.len);
        let mut memory = part.memory();
        let buf = &mut memory[part.skew..][..part.len];
        buf.copy_from_slice(&data);
        let fits = self.fits(buf.as_ptr().addr(), buf.len(), offset);
        let result = self.file.write_all_at(buf, offset);
        self.written(result, fits, &data, offset);
    }

    fn write_vectored(&mut self, offset: u64, parts: &[Part]) {
        let data = self.fresh(parts.iter().map(|part| part.len).sum());
        let mut rest = &data[..];
        let memory: Vec<_> = (parts.iter())
            .map(|part| {
                let mut memory = part.memory();
                let (this, others) = rest.split_at(part.len);
                memory[part.skew..][..part.len].copy_from_slice(this);
                rest = others;
                memory
            })
            .collect();
        let mut slices: Vec<_> =
            memory.iter().zip(parts).map(|(memory, part)| IoSlice::new(&memory[part.skew..][..part.len])).collect();
        // Each part by itself, not only all of them together.
        let fits = slices.iter().all(|slice| self.fits(slice.as_ptr().addr(), slice.len(), offset));
        let result = self.file.write_all_vectored_at(&mut slices, offset);
        self.written(result, fits, &data, offset);
    }

    fn write_unaligned(&mut self, offset: u64, len: usize) {
        let data = self.fresh(len);
        self.file.write_unaligned_at(&data, offset).unwrap();
        self.twin.write_all_at(&data, offset).unwrap();
    }

    fn punch_hole(&mut self, start: u64, end: u64) {
        match self.file.punch_hole(start..end) {
            Ok(()) => {
                let end = end.min(self.len());
                if start < end {
                    self.twin.write_all_at(&vec![0; (end - start) as usize], start).unwrap();
                }
            }
            // A device loses whole sectors only.
            Err(e) if !self.resizable && e.kind() == ErrorKind::InvalidInput => {
                assert!(!(start | end).is_multiple_of(4096), "{e}")
            }
            Err(e) => assert_eq!(e.kind(), ErrorKind::Unsupported, "{start}..{end}: {e}"),
        }
    }

    fn resize(&mut self, len: u64) {
        if self.resizable {
            self.file.set_len(len).unwrap();
            self.twin.set_len(len).unwrap();
        }
    }

    fn preallocate(&mut self, len: u64, how: Preallocate) {
        if !self.resizable {
            return;
        }
        match self.file.preallocate(len, how) {
            Ok(()) => self.twin.set_len(len.max(self.len())).unwrap(),
            Err(e) => assert_eq!(e.kind(), ErrorKind::Unsupported, "{how:?} {len}: {e}"),
        }
    }
}

/// Bytes of which no two places, and no two pieces of 256, hold the same.
fn content(len: usize, from: u64) -> Vec<u8> {
    (from..from + len as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

fn assert_same(found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len());
    if let Some(at) = found.iter().zip(expected).position(|(found, expected)| found != expected) {
        panic!("byte {at} is {:#x}, not {:#x}", found[at], expected[at]);
    }
}

/// So that whatever comes from the allocator and is not overwritten can be told.
fn mark_freed_memory() {
    for len in [512, 4096, 8192, 16_384, 65_536, 262_144] {
        let mut memory = AlignedBuf::zeroed(len, 4096);
        memory.fill(MARK);
        std::hint::black_box(&memory);
    }
}

/// Offsets that lie on edges, next to them, and anywhere.
fn offset() -> impl Strategy<Value = u64> + Clone {
    let edge = prop_oneof![(0..END / 4096).prop_map(|n| n * 4096), (0..END / 512).prop_map(|n| n * 512)];
    prop_oneof![
        3 => edge.clone(),
        1 => (edge, -1..=1i64).prop_map(|(edge, by)| edge.saturating_add_signed(by)),
        1 => 0..END,
    ]
}

fn len() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![3 => (1..5usize).prop_map(|n| n * 4096), 2 => (1..20usize).prop_map(|n| n * 512), 2 => 1..9000usize]
}

fn part() -> impl Strategy<Value = Part> + Clone {
    let skew = prop_oneof![4 => Just(0), 1 => Just(512), 1 => Just(4), 1 => 1..4096usize];
    (len(), skew).prop_map(|(len, skew)| Part { len, skew })
}

/// Anything that can be done.
pub fn op() -> impl Strategy<Value = Op> {
    let parts = proptest::collection::vec(part(), 1..5);
    prop_oneof![
        4 => (offset(), part()).prop_map(|(offset, part)| Op::Read(offset, part)),
        2 => (offset(), parts.clone()).prop_map(|(offset, parts)| Op::ReadVectored(offset, parts)),
        1 => offset().prop_map(Op::ReadBlock),
        4 => (offset(), part()).prop_map(|(offset, part)| Op::Write(offset, part)),
        2 => (offset(), parts).prop_map(|(offset, parts)| Op::WriteVectored(offset, parts)),
        4 => (offset(), len()).prop_map(|(offset, len)| Op::WriteUnaligned(offset, len)),
        2 => (offset(), len()).prop_map(|(start, len)| Op::PunchHole(start, start + len as u64)),
        2 => offset().prop_map(Op::SetLen),
        1 => offset().prop_map(Op::Reserve),
        1 => offset().prop_map(Op::ZeroFill),
    ]
}

/// Some sequences of operations on the file at `path`.
pub fn check_sequences(path: &Path, len: u64, direct: Demand, cases: u32) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest::test_runner::TestRunner::new(config)
        .run(&proptest::collection::vec(op(), 1..25), |ops| {
            let mut twin = Twin::new(path, len, direct);
            ops.iter().for_each(|op| twin.apply(op));
            twin.compare();
            Ok(())
        })
        .unwrap();
}

/// Every way in which offset, length and address may lie to the edges of units, for each operation by itself.
pub fn check_grid(path: &Path, len: u64, direct: Demand) {
    let mut twin = Twin::new(path, len, direct);
    let Alignment { memory, offset: unit } = twin.file().alignment();
    let around = |edge: u64| [edge.saturating_sub(1), edge, edge + 1];
    let mut offsets: Vec<u64> =
        [0, 512, unit as u64, 4096, 8192, len.saturating_sub(4096), len].into_iter().flat_map(around).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let end = if twin.resizable { u64::MAX } else { len };
    let mut skews = vec![0, 1, memory / 2, memory, unit - 1];
    skews.sort_unstable();
    skews.dedup();
    for offset in offsets.into_iter().filter(|offset| *offset <= end) {
        for len in [1, 511, 512, 513, 4095, 4096, 4097, 8192, 12_288] {
            for &skew in &skews {
                twin.apply(&Op::Read(offset, Part { len, skew }));
                if offset + len as u64 <= end {
                    twin.apply(&Op::Write(offset, Part { len, skew }));
                }
            }
            if offset + len as u64 <= end {
                twin.apply(&Op::WriteUnaligned(offset, len));
                let halves = [Part { len: len / 2 + 1, skew: 0 }, Part { len, skew: memory }];
                if offset + (len / 2 + 1 + len) as u64 <= end {
                    twin.apply(&Op::WriteVectored(offset, halves.to_vec()));
                }
                twin.apply(&Op::ReadVectored(offset, halves.to_vec()));
            }
        }
        if twin.resizable {
            // Back to where the end is among the offsets.
            twin.compare();
            twin.apply(&Op::SetLen(len));
        }
    }
    twin.compare();
}
