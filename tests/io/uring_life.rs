//! That what is in flight is the ring's, whatever happens to the ring.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bedplate::io::{IoBuf, Uring};
use bedplate::pool::{Block, BlockPool};
use tempfile::tempdir;

use super::uring_support::{buffered, next, one, pipe, ring, ring_of};

/// A vector that counts how many of its kind there are, and whose methods can be told to panic.
struct Counted {
    bytes: Vec<u8>,
    living: Arc<AtomicUsize>,
    panics: bool,
}

impl Counted {
    fn new(living: &Arc<AtomicUsize>) -> Self {
        living.fetch_add(1, Ordering::SeqCst);
        Self { bytes: vec![0; 8], living: Arc::clone(living), panics: false }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Ordering::SeqCst);
    }
}

// SAFETY: as of the vector, which nobody else reaches.
#[allow(unsafe_code)]
unsafe impl IoBuf for Counted {
    fn as_ptr(&self) -> *const u8 {
        self.bytes.as_ptr()
    }

    fn as_mut_ptr(&mut self) -> *mut u8 {
        assert!(!self.panics, "the buffer was told to");
        self.bytes.as_mut_ptr()
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }

    fn filled(&self) -> usize {
        self.bytes.len()
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}

#[test]
fn an_operation_that_is_cancelled_ends_so_and_no_other_does() {
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    let (file, mut writer) = pipe(&mut ring);
    let (other, mut other_writer) = pipe(&mut ring);
    let (first, second) = (ring.read(file, vec![0; 1], 0).unwrap(), ring.read(other, vec![0; 1], 0).unwrap());
    assert!(ring.cancel(first).unwrap());
    assert!(ring.cancel(first).unwrap(), "it is in flight still");
    let done = next(&mut ring);
    assert_eq!((done.id, done.result.unwrap_err().raw_os_error()), (first, Some(125)));
    assert!(!ring.cancel(first).unwrap());
    // The place has another operation now, which the old id does not reach.
    let third = ring.read(file, vec![0; 1], 0).unwrap();
    assert_eq!((third.slot(), third == first), (first.slot(), false));
    assert!(!ring.cancel(first).unwrap());
    writer.write_all(b"x").unwrap();
    other_writer.write_all(b"y").unwrap();
    assert_eq!(ring.wait(2, None).unwrap(), 2);
    for _ in 0..2 {
        let done = ring.poll().unwrap();
        let expected = if done.id == third { b"x" } else { b"y" };
        assert!(done.id == third || done.id == second);
        assert_eq!(one(done).1, expected);
    }
    assert!(ring.poll().is_none(), "what asked for the cancellation is no operation");
    let Some(mut stranger) = self::ring::<Vec<u8>>(4) else { return };
    let (file, _writer) = pipe(&mut stranger);
    stranger.read(file, vec![0], 0).unwrap();
    assert!(!stranger.cancel(second).unwrap(), "an id of another ring");
    assert_eq!(ring.stats().cancels, 1);
}

#[test]
fn all_are_cancelled_however_often_it_is_asked() {
    let Some(mut ring) = ring::<Vec<u8>>(8) else { return };
    let (file, _writer) = pipe(&mut ring);
    for round in 0..20 {
        for _ in 0..8 {
            ring.read(file, vec![0; 1], 0).unwrap();
        }
        assert_eq!(ring.cancel_all().unwrap(), 8);
        if round % 2 == 0 {
            ring.submit().unwrap();
            // Those that are over already are not to be cancelled.
            assert!(ring.cancel_all().unwrap() <= 8);
        }
        assert_eq!(ring.wait(8, None).unwrap(), 8);
        for _ in 0..8 {
            assert_eq!(ring.poll().unwrap().result.unwrap_err().raw_os_error(), Some(125));
        }
    }
    assert_eq!(ring.in_flight(), 0);
}

#[test]
fn a_dropped_ring_gives_back_what_is_not_with_the_kernel() {
    let living = Arc::new(AtomicUsize::new(0));
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let Some(mut ring) = ring::<Counted>(8) else { return };
    let (pipe, _writer) = pipe(&mut ring);
    let held = Arc::new(buffered(&path));
    let file = ring.register_file(Arc::clone(&held)).unwrap();
    ring.read(pipe, Counted::new(&living), 0).unwrap();
    ring.write(file, Counted::new(&living), 0).unwrap();
    // Over and not polled, in flight, and queued only, one as a pair.
    assert_eq!(ring.wait(1, None).unwrap(), 1);
    ring.write(file, Counted::new(&living), 100).unwrap();
    ring.write_then_sync(file, Counted::new(&living), 200).unwrap();
    assert_eq!(living.load(Ordering::SeqCst), 4);
    let begun = Instant::now();
    drop(ring);
    assert!(begun.elapsed() < Duration::from_millis(900), "it was cancelled, not waited for: {:?}", begun.elapsed());
    assert_eq!(living.load(Ordering::SeqCst), 0);
    assert_eq!(Arc::strong_count(&held), 1, "the file is given back too");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 8, "what was not submitted is not begun");
}

#[test]
fn a_ring_dropped_by_a_panic_gives_back_all_the_same() {
    let living = Arc::new(AtomicUsize::new(0));
    let Some(mut ring) = ring::<Counted>(8) else { return };
    let (pipe, _writer) = pipe(&mut ring);
    ring.read(pipe, Counted::new(&living), 0).unwrap();
    ring.submit().unwrap();
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _ring = ring;
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    assert_eq!(living.load(Ordering::SeqCst), 0);
}

#[test]
fn a_buffer_that_panics_takes_no_place_along() {
    let living = Arc::new(AtomicUsize::new(0));
    let dir = tempdir().unwrap();
    let Some(mut ring) = ring::<Counted>(2) else { return };
    let file = ring.register_file(buffered(&dir.path().join("f"))).unwrap();
    for _ in 0..5 {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let mut buffer = Counted::new(&living);
            buffer.panics = true;
            let _ = ring.write(file, buffer, 0);
        }));
        assert!(unwound.is_err());
        assert_eq!((living.load(Ordering::SeqCst), ring.in_flight()), (0, 0));
    }
    for _ in 0..2 {
        ring.write(file, Counted::new(&living), 0).unwrap();
    }
    assert_eq!(ring.wait(2, None).unwrap(), 2);
}

/// Leaked, a ring reads on; what it reads into stays with it.
#[test]
fn a_leaked_ring_keeps_its_buffers() {
    let pool = BlockPool::builder().block_size(4096).max_blocks(2).build().unwrap();
    let Some(mut ring) = ring::<Block>(2) else { return };
    let (file, mut writer) = pipe(&mut ring);
    let mut block = pool.try_acquire().unwrap();
    block.as_full_mut().fill(1);
    let address = block.as_full().as_ptr();
    ring.read(file, block, 0).unwrap();
    ring.submit().unwrap();
    std::mem::forget(ring);
    let mut other = pool.try_acquire().unwrap();
    other.as_full_mut().fill(1);
    assert_ne!(other.as_full().as_ptr(), address);
    assert!(pool.try_acquire().is_err(), "the leaked block is not to be had");
    writer.write_all(&[2; 4096]).unwrap();
    assert!(other.as_full().iter().all(|byte| *byte == 1));
    assert_eq!(pool.stats().in_use, 2);
}

#[test]
fn a_file_goes_with_its_last_operation() {
    let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
    for files in [64, 0] {
        let Some(mut ring) = ring_of::<Vec<u8>>(Uring::builder().depth(4).files(files)) else { return };
        assert_eq!(ring.effective().files, files > 0);
        let (file, mut writer) = pipe(&mut ring);
        ring.read(file, vec![0; 4], 0).unwrap();
        // Queued only: the kernel is going to look the descriptor up later.
        let held = ring.unregister_file(file).unwrap();
        assert_eq!(Arc::strong_count(&held), 2);
        assert!(ring.read(file, vec![0; 4], 0).is_err());
        ring.submit().unwrap();
        writer.write_all(b"text").unwrap();
        assert_eq!(one(next(&mut ring)).1, b"text");
        assert_eq!(Arc::strong_count(&held), 1);
        // The kernel has let go of it too: nobody is left who could read.
        drop(held);
        assert_eq!(writer.write(b"x").unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    }
    // Leaving its place to others.
    for _ in 0..300 {
        let (file, _) = pipe(&mut ring);
        assert!(ring.unregister_file(file).is_some());
    }
}

#[test]
fn more_files_than_the_table_has_places() {
    let Some(mut ring) = ring_of::<Vec<u8>>(Uring::builder().depth(8).files(2)) else { return };
    let ends: Vec<_> = (0..5).map(|_| pipe(&mut ring)).collect();
    for (file, mut writer) in ends {
        ring.read(file, vec![0; 1], 0).unwrap();
        writer.write_all(b"x").unwrap();
        assert_eq!(one(next(&mut ring)).1, b"x");
    }
}

#[test]
fn a_ring_may_be_sent_while_it_works_and_its_thread_may_end() {
    let (send, receive) = mpsc::channel();
    let first = thread::spawn(move || {
        let Some(mut ring) = ring::<Vec<u8>>(4) else { return };
        let (file, writer) = pipe(&mut ring);
        ring.read(file, vec![0; 4], 0).unwrap();
        ring.submit().unwrap();
        send.send((ring, file, writer)).unwrap();
    });
    let Ok((mut ring, file, mut writer)) = receive.recv() else { return };
    first.join().unwrap();
    // What the thread had begun is cancelled by its end, or goes on; it comes back in both cases.
    let _ = writer.write_all(b"text");
    let done = next(&mut ring);
    match &done.result {
        Ok(n) => assert_eq!(*n, 4),
        Err(error) => assert_eq!(error.raw_os_error(), Some(125)),
    }
    println!("the operation of the thread that ended: {:?}", done.result);
    let left = done.result.is_err();
    ring.read(file, vec![0; 4], 0).unwrap();
    if !left {
        writer.write_all(b"more").unwrap();
    }
    assert_eq!(next(&mut ring).result.unwrap(), 4);
}

#[test]
fn a_ring_and_its_parts_are_sent_but_not_shared() {
    fn is_send<T: Send>() {}
    is_send::<Uring<Block>>();
    is_send::<Uring<Vec<u8>>>();
    is_send::<bedplate::io::Completion<Block>>();
    is_send::<bedplate::io::Refused<Block>>();
}
