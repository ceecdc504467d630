//! What the completions of one operation add up to, without a kernel.

use std::io;
use std::sync::Arc;

use crate::io::uring::{Ended, Key, Progress, Role, Step, Work};
use crate::io::{DirectFile, OpId, Refusal, Refused, SyncLost, Uring};
use crate::sys::Demand;

const LEN: usize = 16384;
const UNIT: usize = 4096;
const CANCELED: i32 = -libc::ECANCELED;

fn pair(len: usize) -> Progress {
    let mut pair = Progress::new(Work::WriteThenSync, len);
    pair.pushed(2);
    pair
}

/// Both completions of a pair, in their order.
fn both(pair: &mut Progress, write: i32, sync: i32) -> Step {
    assert_eq!(pair.arrived(Role::Transfer, write, UNIT), Step::Wait);
    pair.arrived(Role::Sync, sync, UNIT)
}

fn end(result: Result<usize, i32>, lost: Option<i32>) -> Step {
    Step::End(Ended { result, lost })
}

#[test]
fn a_key_keeps_its_parts() {
    for slot in [0, 1, 8191, u16::MAX] {
        for generation in [0, 1, (1 << 46) - 1] {
            for role in [Role::Transfer, Role::Sync, Role::Cancel] {
                let key = Key::from_user_data(Key::new(slot, generation, role).user_data());
                assert_eq!((key.slot(), key.generation(), key.role()), (slot, generation, role));
            }
        }
    }
}

#[test]
fn plain_transfers_are_what_the_kernel_says() {
    for work in [Work::Read, Work::Write, Work::Durable] {
        for (result, expected) in
            [(LEN as i32, Ok(LEN)), (100, Ok(100)), (0, Ok(0)), (-5, Err(5)), (CANCELED, Err(125))]
        {
            let mut transfer = Progress::new(work, LEN);
            transfer.pushed(1);
            assert_eq!(transfer.arrived(Role::Transfer, result, UNIT), end(expected, None), "{work:?} {result}");
        }
    }
}

#[test]
fn a_sync_is_lost_by_its_error_but_not_by_its_cancellation() {
    for (result, expected, lost) in [(0, Ok(0), None), (-5, Err(5), Some(5)), (CANCELED, Err(125), None)] {
        let mut sync = Progress::new(Work::Sync, 0);
        sync.pushed(1);
        assert_eq!(sync.arrived(Role::Sync, result, UNIT), end(expected, lost));
    }
}

#[test]
fn a_whole_write_and_its_sync_are_all() {
    assert_eq!(both(&mut pair(LEN), LEN as i32, 0), end(Ok(LEN), None));
    assert_eq!(both(&mut pair(0), 0, 0), end(Ok(0), None));
}

#[test]
fn a_short_write_goes_on_at_a_whole_unit() {
    let mut pair = pair(LEN);
    assert_eq!(both(&mut pair, 5000, CANCELED), Step::Again(4096));
    pair.pushed(2);
    assert_eq!(both(&mut pair, 4096, CANCELED), Step::Again(8192));
    pair.pushed(2);
    assert_eq!(both(&mut pair, 8192, 0), end(Ok(LEN), None));
}

/// The kernel cuts what is longer than one transfer, and says nothing of it: the sync behind was of a part.
#[test]
fn a_write_of_more_than_one_transfer_goes_on_too() {
    let whole = 0x7fff_f000;
    let mut pair = pair(whole + UNIT);
    assert_eq!(both(&mut pair, whole as i32, 0), Step::Again(whole));
    pair.pushed(2);
    assert_eq!(both(&mut pair, UNIT as i32, 0), end(Ok(whole + UNIT), None));
}

#[test]
fn a_write_that_gets_nowhere_ends() {
    let mut first = pair(LEN);
    assert_eq!(both(&mut first, 100, CANCELED), end(Err(0), None), "less than a unit");
    let mut second = pair(LEN);
    assert_eq!(both(&mut second, 4196, CANCELED), Step::Again(4096));
    second.pushed(2);
    assert_eq!(both(&mut second, 100, CANCELED), end(Err(0), None));
    assert_eq!(both(&mut pair(LEN), 0, CANCELED), end(Err(0), None));
}

#[test]
fn errors_of_a_pair_are_those_of_the_half_that_had_them() {
    assert_eq!(both(&mut pair(LEN), -28, CANCELED), end(Err(28), None));
    assert_eq!(both(&mut pair(LEN), LEN as i32, -5), end(Err(5), Some(5)));
    assert_eq!(both(&mut pair(LEN), 4096, -5), end(Err(5), Some(5)), "even behind a short write");
    // A sync that was made though its write failed, and failed: the kernel will not say so again.
    assert_eq!(both(&mut pair(LEN), -28, -5), end(Err(28), Some(5)));
    // The thread ended between the two.
    assert_eq!(both(&mut pair(LEN), LEN as i32, CANCELED), end(Err(125), None));
    assert_eq!(both(&mut pair(LEN), CANCELED, CANCELED), end(Err(125), None));
}

#[test]
fn a_sync_that_was_not_behind_its_write_is_not_believed() {
    let mut torn = pair(LEN);
    torn.tear();
    assert_eq!(both(&mut torn, LEN as i32, 0), Step::Again(0));
    torn.pushed(2);
    assert_eq!(both(&mut torn, LEN as i32, 0), end(Ok(LEN), None), "the second link is whole");
    // Heard of first, it was not linked.
    let mut early = pair(LEN);
    assert_eq!(early.arrived(Role::Sync, 0, UNIT), Step::Wait);
    assert_eq!(early.arrived(Role::Transfer, LEN as i32, UNIT), Step::Again(0));
    // Torn in the middle, what was made durable before stays so.
    let mut later = pair(LEN);
    assert_eq!(both(&mut later, 8192, CANCELED), Step::Again(8192));
    later.pushed(2);
    later.tear();
    assert_eq!(both(&mut later, 8192, 0), Step::Again(8192));
    // An error is believed always.
    let mut failed = pair(LEN);
    failed.tear();
    assert_eq!(both(&mut failed, LEN as i32, -5), end(Err(5), Some(5)));
}

#[test]
fn nothing_more_is_submitted_of_what_was_cancelled_or_is_the_last() {
    for make in [Progress::cancel, Progress::make_last] {
        let mut short = pair(LEN);
        make(&mut short);
        assert_eq!(both(&mut short, 8192, CANCELED), end(Err(125), None));
        let mut torn = pair(LEN);
        torn.tear();
        make(&mut torn);
        assert_eq!(both(&mut torn, LEN as i32, 0), end(Err(125), None));
        let mut durable = Progress::new(Work::Durable, LEN);
        durable.pushed(1);
        make(&mut durable);
        assert_eq!(durable.arrived(Role::Transfer, -libc::EOPNOTSUPP, UNIT), end(Err(95), None));
        // What was done all the same is.
        let mut whole = pair(LEN);
        make(&mut whole);
        assert_eq!(both(&mut whole, LEN as i32, 0), end(Ok(LEN), None));
    }
}

#[test]
fn a_half_that_was_withdrawn_is_not_waited_for() {
    let mut half = pair(LEN);
    half.make_last();
    half.withdrawn(1);
    assert_eq!(half.awaited(), 1);
    assert_eq!(half.arrived(Role::Transfer, LEN as i32, UNIT), end(Err(125), None), "it was not synced");
    let mut none = pair(LEN);
    none.withdrawn(2);
    assert_eq!(none.awaited(), 0);
}

#[test]
fn a_flag_that_is_not_known_becomes_a_sync() {
    let mut durable = Progress::new(Work::Durable, LEN);
    durable.pushed(1);
    assert_eq!(durable.outstanding().collect::<Vec<_>>(), [Role::Transfer]);
    assert_eq!(durable.arrived(Role::Transfer, -libc::EOPNOTSUPP, UNIT), Step::Again(0));
    assert_eq!(durable.work(), Work::WriteThenSync);
    durable.pushed(2);
    assert_eq!(durable.outstanding().collect::<Vec<_>>(), [Role::Transfer, Role::Sync]);
    assert_eq!(both(&mut durable, LEN as i32, 0), end(Ok(LEN), None));
    assert_eq!(durable.outstanding().count(), 0);
}

/// After a sync that failed, by whatever way, a ring writes and syncs no more; what it has in flight learns of it.
#[test]
fn a_poisoned_file_is_read_and_nothing_else() {
    let Ok(mut ring) = Uring::builder().build::<Vec<u8>>() else { return println!("skipped: no io_uring here") };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = DirectFile::options().read().write().create().direct(Demand::Off).open(path).unwrap();
    let file = Arc::new(file);
    let id = ring.register_file(Arc::clone(&file)).unwrap();
    ring.write(id, b"text".to_vec(), 0).unwrap();
    ring.sync_data(id).unwrap();
    ring.write_then_sync(id, b"more".to_vec(), 4).unwrap();
    assert_eq!(ring.submit().unwrap(), 4);
    file.poison(&io::Error::from_raw_os_error(libc::EIO));
    let is_lost = |error: &io::Error| {
        let inner = error.get_ref().and_then(|e| e.downcast_ref::<SyncLost>());
        inner.is_some_and(|lost| lost.cause().raw_os_error() == Some(libc::EIO))
    };
    assert_eq!(ring.wait(3, None).unwrap(), 3);
    let results: Vec<_> = (0..3).map(|_| ring.poll().unwrap().result).collect();
    // Who writes is told when he syncs; who syncs, that it was not this sync that would have told him.
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|result| result.as_ref().is_err_and(is_lost)).count(), 2);

    let lost = |refused: Result<OpId, Refused<Vec<u8>>>| {
        let (why, buffers) = refused.expect_err("the file is poisoned").into_parts();
        assert!(matches!(why, Refusal::SyncLost(_)) && is_lost(&why.into()));
        buffers.many().len()
    };
    assert_eq!(lost(ring.write(id, vec![1], 0)), 1);
    assert_eq!(lost(ring.write_range(id, vec![1], 0..1, 0)), 1);
    assert_eq!(lost(ring.write_durable(id, vec![1], 0)), 1);
    assert_eq!(lost(ring.write_then_sync(id, vec![1], 0)), 1);
    assert_eq!(lost(ring.write_vectored(id, vec![vec![1], vec![2]], 0)), 2);
    assert_eq!(lost(ring.sync_data(id)), 0);
    ring.read(id, vec![0; 16], 0).unwrap();
    assert_eq!(ring.wait(1, None).unwrap(), 1);
    assert_eq!(ring.poll().unwrap().result.unwrap(), 8);
}
