//! Pages that the administrator set aside, which this test does for a moment where it is root.

use std::fs;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bedplate::Demand;
use bedplate::mem::{Effective, HugePages, Mapping};

const PAGE: usize = 2 << 20;
const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";

/// There is one pool for the machine: one test at a time.
static POOL_LOCK: Mutex<()> = Mutex::new(());

fn read(name: &str) -> Option<usize> {
    fs::read_to_string(format!("{POOL}/{name}")).ok()?.trim().parse().ok()
}

/// Pages that can still be had: free, and not promised to a mapping.
pub fn left() -> usize {
    read("free_hugepages").unwrap() - read("resv_hugepages").unwrap()
}

/// More pages in the pool for as long as this lives.
pub struct SetAside {
    before: usize,
    _alone: MutexGuard<'static, ()>,
}

impl SetAside {
    /// `None` where it is not permitted, or there is no memory for it: then why is printed.
    pub fn new(pages: usize) -> Option<Self> {
        let alone = POOL_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = read("nr_hugepages") else {
            eprintln!("skipped: this kernel has no huge pages of 2 MiB");
            return None;
        };
        let set_aside = Self { before, _alone: alone };
        if let Err(refused) = fs::write(format!("{POOL}/nr_hugepages"), (before + pages).to_string()) {
            eprintln!("skipped: setting huge pages aside: {refused}");
            return None;
        }
        if left() < pages {
            eprintln!("skipped: {pages} huge pages were asked for, and {} are there", left());
            return None;
        }
        Some(set_aside)
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        let _ = fs::write(format!("{POOL}/nr_hugepages"), self.before.to_string());
    }
}

#[test]
fn a_required_mapping_is_in_them_and_gives_them_back() {
    let Some(_pages) = SetAside::new(4) else { return };
    let (before, free) = (left(), read("free_hugepages").unwrap());
    let mut region = Mapping::builder(3 << 20).huge_pages(HugePages::HugeTlb(PAGE), Demand::Require).build().unwrap();
    // Both are in memory, not merely promised.
    assert_eq!((left(), read("free_hugepages").unwrap()), (before - 2, free - 2));
    let effective = region.effective();
    assert_eq!((effective.huge_pages, effective.prefaulted, effective.node), (Some(PAGE), true, None));
    assert_eq!(region.len(), 3 << 20);
    assert_eq!(region.as_ptr().addr().get() % PAGE, 0);
    assert!(region.iter().step_by(64).all(|byte| *byte == 0));
    region.fill(1);

    // The pages stay the mapping's, and are zero where it was asked for.
    region.discard(100..2 << 20).unwrap();
    assert_eq!(left(), before - 2);
    assert!(region[..100].iter().all(|byte| *byte == 1));
    assert!(region[100..2 << 20].iter().step_by(64).all(|byte| *byte == 0));
    assert_eq!((region[(2 << 20) - 1], region[2 << 20]), (0, 1));
    region.discard(0..3 << 20).unwrap();
    assert!(region.iter().step_by(64).all(|byte| *byte == 0));

    drop(region);
    assert_eq!(left(), before);
}

#[test]
fn too_few_of_them_are_an_error_or_small_pages() {
    let Some(_pages) = SetAside::new(2) else { return };
    let pages = left();
    let len = (pages + 1) * PAGE;
    let builder = |demand| Mapping::builder(len).huge_pages(HugePages::HugeTlb(PAGE), demand);
    let error = builder(Demand::Require).build().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    assert!(error.to_string().contains("HugeTLB pages of 2097152 bytes"), "{error}");
    let mut region = builder(Demand::Prefer).build().unwrap();
    let effective = region.effective();
    assert_eq!((effective.huge_pages, effective.prefaulted), (None, true));
    region.fill(1);
    assert_eq!(left(), pages);
}

#[test]
fn they_come_from_a_node_too() {
    let Some(_pages) = SetAside::new(2) else { return };
    let node = bedplate::topo::current_node().unwrap();
    let builder = Mapping::builder(PAGE).huge_pages(HugePages::HugeTlb(PAGE), Demand::Require);
    let region = builder.clone().node(node, Demand::Prefer).build().unwrap();
    assert_eq!(region.effective().huge_pages, Some(PAGE));
    assert!(region.effective().node.is_none_or(|told| told == node));
    assert_eq!(builder.node(1023, Demand::Prefer).build().unwrap().effective().node, None);
}

#[test]
fn a_size_that_the_kernel_does_not_have_is_refused_or_small_pages() {
    // A power of two that is no size of any architecture.
    let builder = |demand| Mapping::builder(128 << 10).huge_pages(HugePages::HugeTlb(128 << 10), demand);
    assert!(builder(Demand::Require).build().is_err());
    assert_eq!(builder(Demand::Prefer).build().unwrap().effective().huge_pages, None);
}

#[test]
fn a_size_that_is_none_is_an_error_whatever_the_demand() {
    for size in [0, 1, 3 << 20, rustix::param::page_size()] {
        for demand in [Demand::Off, Demand::Prefer, Demand::Require] {
            let error = Mapping::builder(4 << 20).huge_pages(HugePages::HugeTlb(size), demand).build().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}

#[test]
fn a_small_mapping_takes_none_unless_required() {
    let Some(_pages) = SetAside::new(1) else { return };
    let before = left();
    let region = Mapping::builder(4096).huge_pages(HugePages::HugeTlb(PAGE), Demand::Prefer).build().unwrap();
    assert_eq!((region.effective(), left()), (Effective::default(), before));
    let region = Mapping::builder(4096).huge_pages(HugePages::HugeTlb(PAGE), Demand::Require).build().unwrap();
    assert_eq!((region.effective().huge_pages, left()), (Some(PAGE), before - 1));
}
