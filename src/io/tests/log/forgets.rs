//! The disk itself: what it forgets, and what it must not.

use super::disk::{Disk, Fault, Make, Step};
use super::state::Lose;
use crate::io::log::storage::{Access, Directory};
use crate::io::tests::faults::{EIO, ENOSPC};
use crate::io::{DirectFile, Preallocate, WriteOptions};
use crate::mem::AlignedBuf;

const SECTOR: usize = 4096;

fn sector(fill: u8) -> AlignedBuf {
    AlignedBuf::from_slice(&[fill; SECTOR], SECTOR)
}

fn file(disk: &Disk) -> DirectFile {
    let file = disk.create("a").unwrap();
    disk.sync().unwrap();
    file
}

fn durable(file: &DirectFile, fill: u8, at: u64) {
    file.write_all_at_with(&sector(fill), at, WriteOptions::new().durable()).unwrap();
}

/// What the file could be after power was cut, as the fills of its units of 512 bytes.
fn after(disk: &Disk) -> Vec<Vec<u8>> {
    let loses = [Lose::Everything, Lose::Nothing].into_iter().chain((0..64).map(Lose::Some));
    loses.map(|lose| disk.after(lose).content("a").chunks(512).map(|unit| unit[0]).collect()).collect()
}

#[test]
fn a_durable_write_makes_durable_what_it_covers() {
    let disk = Disk::new(1);
    let file = file(&disk);
    durable(&file, 1, 0);
    file.write_all_at(&sector(2), 4096).unwrap();
    durable(&file, 3, 8192);
    let all = after(&disk);
    assert!(all.iter().all(|units| units[..8] == [1; 8] && units[16..] == [3; 8]));
    assert!(all.iter().any(|units| units[8..16] == [0; 8]));
    assert!(all.iter().any(|units| units[8..16] == [2; 8]));
    // Its sectors are torn singly.
    assert!(all.iter().any(|units| units[8..16].contains(&0) && units[8..16].contains(&2)));
    file.sync_data().unwrap();
    assert!(after(&disk).iter().all(|units| units[8..16] == [2; 8]));
}

#[test]
fn writes_over_one_another_come_in_any_order_until_a_sync() {
    let disk = Disk::new(1);
    let file = file(&disk);
    for fill in 1..=3 {
        file.write_all_at(&sector(fill), 0).unwrap();
    }
    let all = after(&disk);
    assert!((1..=3).all(|fill| all.iter().any(|units| units.contains(&fill))));
    durable(&file, 4, 0);
    assert!(after(&disk).iter().all(|units| units[..] == [4; 8]), "an older write came over a durable one");
}

#[test]
fn names_are_durable_by_a_sync_of_the_directory() {
    let disk = Disk::new(1);
    let file = disk.create("a").unwrap();
    file.sync_all().unwrap();
    assert!(disk.after(Lose::Everything).files().is_empty());
    disk.sync().unwrap();
    disk.rename("a", "b").unwrap();
    disk.create("c").unwrap();
    disk.remove("b").unwrap();
    let names = |lose| disk.after(lose).files().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!((names(Lose::Everything), names(Lose::Nothing)), (vec!["a".to_owned()], vec!["c".to_owned()]));
    // They come in their order.
    let some: std::collections::BTreeSet<_> = (0..64).map(|seed| names(Lose::Some(seed)).concat()).collect();
    assert_eq!(some.into_iter().collect::<Vec<_>>(), ["a", "b", "bc", "c"]);
}

#[test]
fn a_sync_that_fails_loses_for_good() {
    let mut lost = false;
    for seed in 0..16 {
        let disk = Disk::new(seed);
        let file = file(&disk);
        durable(&file, 1, 0);
        file.write_all_at(&sector(2), 4096).unwrap();
        disk.fail_next(Step::Sync, Fault::Errno(EIO));
        assert!(file.sync_data().is_err());
        drop(file);
        // Later syncs succeed, as the kernel's do.
        disk.open("a", Access::Write).unwrap().sync_data().unwrap();
        let all = after(&disk);
        assert!(all.iter().all(|units| units[..8] == [1; 8] && *units == all[0]));
        lost |= all[0].iter().skip(8).filter(|unit| **unit == 2).count() < 8;
    }
    assert!(lost);
}

#[test]
fn power_is_cut_at_a_step() {
    let disk = Disk::new(1);
    let file = file(&disk);
    disk.fail_at(disk.steps(), Fault::Crash);
    assert!(file.write_all_at(&sector(1), 0).is_err());
    assert!(file.write_all_at(&sector(1), 0).is_err() && disk.list().is_err() && file.sync_data().is_err());
    let disk = disk.after(Lose::Everything);
    assert_eq!(disk.files(), [("a".to_owned(), 0)]);
    durable(&disk.open("a", Access::Write).unwrap(), 1, 0);
}

#[test]
fn space_ends() {
    let disk = Make { alignment: None, ..Make::new(1) }.empty();
    let file = file(&disk);
    disk.limit(Some(8192));
    durable(&file, 1, 0);
    for how in [Preallocate::Reserve, Preallocate::ZeroFill] {
        let e = file.preallocate(12_288, how).unwrap_err();
        assert_eq!(e.raw_os_error(), Some(ENOSPC));
    }
    let e = file.write_all_at(&[1; 4097], 4096).unwrap_err();
    assert_eq!(e.raw_os_error(), Some(ENOSPC));
    disk.remove("a").unwrap();
    let other = disk.create("b").unwrap();
    other.preallocate(8192, Preallocate::ZeroFill).unwrap();
    assert_eq!(disk.content("b"), [0; 8192]);
}

#[test]
fn a_writer_keeps_others_out() {
    let disk = Disk::new(1);
    let file = file(&disk);
    let kind = |access| disk.open("a", access).map_err(|e| e.kind()).err();
    assert_eq!((kind(Access::Write), kind(Access::Read)), (Some(std::io::ErrorKind::WouldBlock), None));
    drop(file);
    assert_eq!(kind(Access::Write), None);
}
