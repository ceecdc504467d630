//! What a ring makes durable.

use std::sync::Arc;

use bedplate::mem::AlignedBuf;

use super::places::{pattern, places};
use super::uring_support::{direct, next, ring};

#[test]
fn each_way_of_writing_durably_writes_and_counts() {
    for place in places() {
        let path = place.path().join("f");
        let Some(mut ring) = ring::<AlignedBuf>(8) else { return };
        let open = Arc::new(direct(&path));
        let file = ring.register_file(Arc::clone(&open)).unwrap();
        let text = pattern(3 * 4096);
        let part = |at: usize| AlignedBuf::from_slice(&text[at * 4096..][..4096], 4096);
        ring.write_then_sync(file, part(0), 0).unwrap();
        ring.write_durable(file, part(1), 4096).unwrap();
        ring.write(file, part(2), 8192).unwrap();
        // Four entries: one of them has two.
        assert_eq!(ring.submit().unwrap(), 4);
        assert_eq!(ring.wait(3, None).unwrap(), 3, "the link within a pair is no operation");
        for _ in 0..3 {
            assert_eq!(ring.poll().unwrap().result.unwrap(), 4096);
        }
        ring.sync_data(file).unwrap();
        let done = next(&mut ring);
        assert_eq!(done.result.unwrap(), 0);
        assert!(done.buffers.one().is_none() && ring.poll().is_none());
        assert_eq!(std::fs::read(&path).unwrap(), text);
        let stats = open.stats();
        assert_eq!((stats.writes, stats.bytes_written, stats.syncs), (3, 3 * 4096, 3));
        assert_eq!((ring.stats().accepted, ring.stats().completed, ring.stats().resumed), (4, 4, 0));
    }
}

#[test]
fn many_pairs_share_a_ring() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("f");
    let Some(mut ring) = ring::<AlignedBuf>(4) else { return };
    let file = ring.register_file(direct(&path)).unwrap();
    let mut ended = 0;
    for round in 0..64_u64 {
        while ring.in_flight() == ring.depth() {
            assert_eq!(next(&mut ring).result.unwrap(), 512 * 8);
            ended += 1;
        }
        ring.write_then_sync(file, AlignedBuf::from_slice(&[round as u8; 4096], 4096), round * 4096).unwrap();
    }
    while ring.in_flight() > 0 {
        next(&mut ring).result.unwrap();
        ended += 1;
    }
    assert_eq!(ended, 64);
    let text: Vec<u8> = (0..64).flat_map(|round| [round; 4096]).collect();
    assert!(std::fs::read(&path).unwrap() == text);
}
