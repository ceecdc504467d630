//! What a ring does not take, and that it gives back what it was given.

use std::io;

use bedplate::io::{Buffers, DirectFile, FileId, Misaligned, Refusal, Refused, Uring};
use bedplate::mem::AlignedBuf;
use tempfile::tempdir;

use super::uring_support::{buffered, direct, next, pipe, ring};

fn why<B>(refused: Result<bedplate::io::OpId, Refused<B>>) -> (Refusal, Buffers<B>) {
    refused.expect_err("it is to be refused").into_parts()
}

#[test]
fn a_full_ring_takes_no_more_until_one_is_polled() {
    let Some(mut ring) = ring::<Vec<u8>>(3) else { return };
    let (file, mut writer) = pipe(&mut ring);
    for _ in 0..3 {
        ring.read(file, vec![0; 1], 0).unwrap();
    }
    let mine = vec![7; 1];
    let address = mine.as_ptr();
    let (reason, back) = why(ring.read(file, mine, 0));
    assert!(matches!(reason, Refusal::Full), "{reason}");
    assert_eq!(back.one().map(|buffer| buffer.as_ptr()), Some(address), "the very buffer comes back");
    assert!(matches!(why(ring.sync_data(file)).0, Refusal::Full));
    let (reason, back) = why(ring.read_vectored(file, vec![vec![1], vec![2]], 0));
    assert!(matches!(reason, Refusal::Full));
    assert_eq!(back.many(), [[1], [2]]);
    // An operation that is over keeps its place until it is polled.
    io::Write::write_all(&mut writer, b"x").unwrap();
    assert_eq!(ring.wait(1, None).unwrap(), 1);
    assert!(matches!(why(ring.read(file, vec![0], 0)).0, Refusal::Full));
    assert_eq!(ring.poll().unwrap().result.unwrap(), 1);
    ring.read(file, vec![0], 0).unwrap();
    assert_eq!(ring.in_flight(), 3);
}

#[test]
fn a_direct_file_refuses_what_is_not_aligned() {
    let dir = tempdir().unwrap();
    let file = direct(&dir.path().join("f"));
    let Some(mut ring) = ring::<AlignedBuf>(4) else { return };
    let needed = file.alignment();
    if needed.offset < 2 {
        return println!("skipped: {needed:?} takes everything");
    }
    let file = ring.register_file(file).unwrap();
    let good = || AlignedBuf::zeroed(8192, 4096);
    let misaligned = |refused: Result<_, Refused<AlignedBuf>>, offset: u64, len: usize| {
        let (reason, back) = why(refused);
        let Refusal::Misaligned(inner @ Misaligned { .. }) = &reason else { panic!("{reason}") };
        assert_eq!((inner.needed, inner.offset, inner.len), (needed, offset, len));
        let error = io::Error::from(reason);
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.get_ref().is_some_and(|e| e.is::<Misaligned>()), "as DirectFile says it");
        back
    };
    misaligned(ring.write(file, good(), 1), 1, 8192);
    misaligned(ring.write(file, AlignedBuf::zeroed(100, 4096), 0), 0, 100);
    misaligned(ring.write_range(file, good(), 8..4104, 0), 0, 4096);
    misaligned(ring.write_durable(file, good(), 7), 7, 8192);
    misaligned(ring.write_then_sync(file, good(), 7), 7, 8192);
    // Each segment by itself, though the sum is aligned and 6.18 takes it.
    let parts = vec![AlignedBuf::zeroed(100, 4096), AlignedBuf::zeroed(3996, 4096)];
    assert_eq!(misaligned(ring.write_vectored(file, parts, 0), 0, 100).many().len(), 2);
    assert_eq!((ring.in_flight(), ring.submit().unwrap()), (0, 0), "nothing of it was queued");
    ring.write(file, good(), 4096).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 8192);
}

#[test]
fn a_file_is_known_to_its_ring_until_it_is_unregistered() {
    let dir = tempdir().unwrap();
    let open = || buffered(&dir.path().join("f"));
    let (Some(mut ring), Some(mut other)) = (ring::<Vec<u8>>(4), self::ring::<Vec<u8>>(4)) else { return };
    let (mine, its) = (ring.register_file(open()).unwrap(), other.register_file(open()).unwrap());
    let unknown = |ring: &mut Uring<Vec<u8>>, file: FileId| {
        assert!(matches!(why(ring.read(file, vec![1], 0)).0, Refusal::UnknownFile));
        assert!(matches!(why(ring.write_vectored(file, vec![vec![1]], 0)).0, Refusal::UnknownFile));
        assert!(matches!(why(ring.sync_data(file)).0, Refusal::UnknownFile));
        assert!(ring.unregister_file(file).is_none());
    };
    // Both are the first of their rings.
    unknown(&mut ring, its);
    unknown(&mut other, mine);
    assert!(ring.unregister_file(mine).is_some());
    unknown(&mut ring, mine);
    // The place is taken again, by a file that has another id.
    let second = ring.register_file(open()).unwrap();
    assert_ne!(second, mine);
    unknown(&mut ring, mine);
    ring.read(second, vec![1], 0).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 0);
}

#[test]
fn offsets_and_ranges_beyond_all_are_refused() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "some text").unwrap();
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let file = ring.register_file(buffered(&path)).unwrap();
    // To the kernel an offset of -1 is the position of the descriptor, at which there is something to be read.
    for offset in [u64::MAX, i64::MAX as u64 + 1, i64::MAX as u64, i64::MAX as u64 - 7] {
        assert!(matches!(why(ring.read(file, vec![0; 8], offset)).0, Refusal::OutOfRange), "{offset}");
        assert!(matches!(why(ring.write(file, vec![0; 8], offset)).0, Refusal::OutOfRange), "{offset}");
        assert!(matches!(why(ring.read_vectored(file, vec![vec![0; 8]], offset)).0, Refusal::OutOfRange), "{offset}");
    }
    let mut buffer = Vec::with_capacity(16);
    buffer.extend([1; 8]);
    let capacity = buffer.capacity();
    #[allow(clippy::reversed_empty_ranges)]
    for range in [0..capacity + 1, 9..10, 5..4, usize::MAX..usize::MAX] {
        let (reason, back) = why(ring.read_range(file, buffer, range.clone(), 0));
        assert!(matches!(reason, Refusal::OutOfRange), "{range:?}: {reason}");
        buffer = back.one().unwrap();
    }
    // A read may begin where nothing is filled; a write not.
    let (reason, buffer) = why(ring.write_range(file, buffer, 0..9, 0));
    assert!(matches!(reason, Refusal::OutOfRange));
    ring.read_range(file, buffer.one().unwrap(), 8..10, 0).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 2);
}

#[test]
fn no_segments_and_too_many_are_refused() {
    let dir = tempdir().unwrap();
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let file = ring.register_file(buffered(&dir.path().join("f"))).unwrap();
    assert!(matches!(why(ring.write_vectored(file, vec![], 0)).0, Refusal::Segments));
    let (reason, back) = why(ring.write_vectored(file, vec![vec![1]; 1025], 0));
    assert!(matches!(reason, Refusal::Segments));
    let mut most = back.many();
    assert_eq!(most.len(), 1025);
    most.pop();
    ring.write_vectored(file, most, 0).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 1024);
}

#[test]
fn depths_that_cannot_be_are_errors() {
    for depth in [0, bedplate::io::UringBuilder::MAX_DEPTH + 1, usize::MAX] {
        let error = Uring::builder().depth(depth).build::<Vec<u8>>().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    }
    let Some(ring) = ring::<Vec<u8>>(bedplate::io::UringBuilder::MAX_DEPTH) else { return };
    assert_eq!(ring.depth(), 8192);
}

#[test]
fn a_file_opened_for_reading_says_the_kernels_word_about_writes() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "text").unwrap();
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let file = DirectFile::options().read().direct(bedplate::Demand::Off).open(&path).unwrap();
    let file = ring.register_file(file).unwrap();
    ring.write(file, vec![1], 0).unwrap();
    let done = next(&mut ring);
    assert_eq!(done.result.unwrap_err().raw_os_error(), Some(9));
    assert_eq!(done.buffers.one(), Some(vec![1]));
    // The misuse says nothing about what is on the disk.
    ring.write_durable(file, vec![1], 0).unwrap();
    assert_eq!(next(&mut ring).result.unwrap_err().raw_os_error(), Some(9));
    ring.sync_data(file).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 0);
    assert_eq!(ring.stats().failed, 2);
}
