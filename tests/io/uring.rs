//! What a ring moves, in whatever buffers.

use bedplate::io::{Buffers, IoBuf};
use bedplate::mem::AlignedBuf;
use bedplate::pool::{Block, BlockPool};
use tempfile::tempdir;

use super::places::{pattern, places};
use super::uring_support::{buffered, direct, next, one, ring};

/// Writes what a buffer holds, reads it into another, and ends at the end of the file.
fn there_and_back<B: IoBuf>(make: impl Fn(&[u8]) -> B, bytes: impl Fn(&B) -> &[u8]) {
    for place in places() {
        let Some(mut ring) = ring::<B>(4) else { return };
        let file = ring.register_file(direct(&place.path().join("f"))).unwrap();
        let text = pattern(8192);
        ring.write(file, make(&text), 4096).unwrap();
        let (written, buffer) = one(next(&mut ring));
        assert_eq!(written.unwrap(), 8192);
        assert_eq!(bytes(&buffer), text);
        // Into the same buffer, from a unit further: half of it is there.
        ring.read(file, buffer, 8192).unwrap();
        let (read, buffer) = one(next(&mut ring));
        assert_eq!(read.unwrap(), 4096);
        assert_eq!(bytes(&buffer)[..4096], text[4096..]);
        for behind in [12288, 1 << 30] {
            ring.read(file, make(&text), behind).unwrap();
            assert_eq!(next(&mut ring).result.unwrap(), 0, "the end of the file");
        }
        let stats = ring.stats();
        assert_eq!((stats.accepted, stats.completed, stats.failed, stats.in_flight), (4, 4, 0, 0));
        assert_eq!((stats.bytes_read, stats.bytes_written), (4096, 8192));
    }
}

#[test]
fn blocks_go_there_and_back() {
    let pool = BlockPool::builder().block_size(8192).max_blocks(8).build().unwrap();
    let make = |text: &[u8]| {
        let mut block = pool.try_acquire().unwrap();
        block.as_full_mut().copy_from_slice(text);
        block.set_len(text.len());
        block
    };
    there_and_back(make, |block| block);
    assert_eq!(pool.stats().in_use, 0);
}

#[test]
fn aligned_buffers_go_there_and_back() {
    there_and_back(|text| AlignedBuf::from_slice(text, 4096), |buf| buf);
}

#[test]
fn vectors_go_to_files_that_are_not_direct() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let file = ring.register_file(buffered(&path)).unwrap();
    ring.write(file, b"some bytes".to_vec(), 3).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 10);
    assert_eq!(std::fs::read(&path).unwrap(), b"\0\0\0some bytes");
    // What a vector has room for is filled, and no more of it is shown than was read.
    let empty = Vec::with_capacity(64);
    let room = empty.capacity();
    ring.read(file, empty, 5).unwrap();
    let (read, text) = one(next(&mut ring));
    assert_eq!((read.unwrap(), &text[..], text.capacity()), (8, &b"me bytes"[..], room));
    // Nothing is read into nothing.
    ring.read(file, Vec::new(), 0).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 0);
}

#[test]
fn a_part_of_a_buffer_is_filled_or_written() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, b"0123456789").unwrap();
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let file = ring.register_file(buffered(&path)).unwrap();
    let buffer = Vec::with_capacity(64);
    ring.read_range(file, buffer, 0..4, 2).unwrap();
    let (read, buffer) = one(next(&mut ring));
    assert_eq!((read.unwrap(), &buffer[..]), (4, &b"2345"[..]));
    // Behind what is there.
    ring.read_range(file, buffer, 4..20, 8).unwrap();
    let (read, buffer) = one(next(&mut ring));
    assert_eq!((read.unwrap(), &buffer[..]), (2, &b"234589"[..]));
    // Over what is there, of which the end goes.
    ring.read_range(file, buffer, 1..2, 0).unwrap();
    let (read, buffer) = one(next(&mut ring));
    assert_eq!((read.unwrap(), &buffer[..]), (1, &b"20"[..]));
    ring.write_range(file, buffer, 1..2, 9).unwrap();
    let (written, buffer) = one(next(&mut ring));
    assert_eq!((written.unwrap(), &buffer[..]), (1, &b"20"[..]));
    assert_eq!(std::fs::read(&path).unwrap(), b"0123456780");
}

#[test]
fn several_buffers_are_one_transfer() {
    let pool = BlockPool::builder().block_size(4096).max_blocks(8).build().unwrap();
    for place in places() {
        let path = place.path().join("f");
        let Some(mut ring) = ring::<Block>(4) else { return };
        let file = ring.register_file(direct(&path)).unwrap();
        let text = pattern(3 * 4096);
        let blocks = text.chunks(4096).map(|part| {
            let mut block = pool.try_acquire().unwrap();
            block.as_full_mut().copy_from_slice(part);
            block.set_len(part.len());
            block
        });
        ring.write_vectored(file, blocks.collect(), 4096).unwrap();
        let done = next(&mut ring);
        assert_eq!(done.result.unwrap(), 3 * 4096);
        assert_eq!(std::fs::read(&path).unwrap()[4096..], text);
        // The last buffer is filled in part, where the file ends in it.
        std::fs::File::options().write(true).open(&path).unwrap().set_len(4096 + 8192 + 100).unwrap();
        ring.read_vectored(file, done.buffers.many(), 4096).unwrap();
        let done = next(&mut ring);
        assert_eq!(done.result.unwrap(), 8292);
        let Buffers::Many(blocks) = done.buffers else { panic!("{:?}", done.buffers) };
        assert_eq!(blocks.iter().map(Block::len).collect::<Vec<_>>(), [4096, 4096, 100]);
        assert_eq!(blocks.iter().flat_map(|block| block.to_vec()).collect::<Vec<_>>(), text[..8292]);
        drop(blocks);
        // A longer list and a shorter one in the same place.
        for n in [8, 1, 5] {
            let blocks = (0..n).map(|_| pool.try_acquire().unwrap()).collect();
            ring.read_vectored(file, blocks, 4096).unwrap();
            let done = next(&mut ring);
            assert_eq!(done.result.unwrap(), 8292.min(n * 4096));
            let bytes: Vec<_> = done.buffers.many().iter().flat_map(|block| block.to_vec()).collect();
            assert_eq!(bytes, text[..8292.min(n * 4096)]);
        }
    }
    assert_eq!(pool.stats().in_use, 0);
}

#[test]
fn many_in_flight_each_get_their_own() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let text: Vec<u8> = (0..1024_u32).flat_map(|i| i.to_le_bytes().repeat(1024)).collect();
    std::fs::write(&path, &text).unwrap();
    let pool = BlockPool::builder().block_size(4096).max_blocks(64).build().unwrap();
    for registered in [false, true] {
        let Some(mut ring) = ring::<Block>(64) else { return };
        if registered {
            ring.register_pool(&pool).unwrap();
        }
        let file = ring.register_file(direct(&path)).unwrap();
        let mut wanted = std::collections::HashMap::new();
        let mut next_block = (0..1024_u64).map(|i| i * 769 % 1024);
        let mut ended = 0;
        loop {
            while ring.in_flight() < ring.depth() {
                let Some(at) = next_block.next() else { break };
                let id = ring.read(file, pool.try_acquire().unwrap(), at * 4096).unwrap();
                assert_eq!(wanted.insert(id, at), None, "an id of two operations");
            }
            if ring.wait(1, None).unwrap() == 0 {
                break;
            }
            while let Some(done) = ring.poll() {
                let at = wanted.remove(&done.id).expect("an operation that is in flight");
                assert_eq!(done.result.unwrap(), 4096);
                let block = done.buffers.one().unwrap();
                assert!(*block == (at as u32).to_le_bytes().repeat(1024)[..], "block {at} holds another's bytes");
                ended += 1;
            }
        }
        assert_eq!((ended, wanted.len()), (1024, 0));
        assert_eq!(ring.stats().fixed, if registered && ring.effective().slabs > 0 { 1024 } else { 0 });
    }
}
