//! How a ring begins.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::core::Core;
use super::file_table::FileTable;
use super::queues::Queues;
use super::registered::Registered;
use super::slots::Slots;
use super::{IoBuf, UringEffective, UringStats};
use crate::primitive::atomic::{AtomicU32, Ordering};
use crate::sys::Demand;
use crate::sys::ring::ForkMark;

/// The numbers of rings, by which the ids of one are told from those of another. Relaxed: a number is nobody else's
/// whatever the order.
static RINGS: AtomicU32 = AtomicU32::new(0);

impl<B: IoBuf> Core<B> {
    pub(super) fn open(depth: usize, files: usize, registered: Demand, drain: Duration) -> io::Result<Self> {
        let mark = ForkMark::new()?;
        let mut queues = Queues::open(depth)?;
        let mut places = 0;
        if registered.wanted() && files > 0 {
            match queues.register_files(files) {
                Ok(()) => places = files,
                Err(e) if registered.required() => return Err(e),
                Err(_) => {}
            }
        }
        Ok(Self {
            queues,
            slots: Slots::new(depth),
            ended: VecDeque::with_capacity(depth),
            again: Vec::new(),
            files: FileTable::new(places),
            registered: Registered::new(registered),
            event_file: None,
            mark,
            number: RINGS.fetch_add(1, Ordering::Relaxed),
            drain,
            cancels_queued: 0,
            resumed_queued: false,
            counts: UringStats::default(),
        })
    }

    pub(super) fn effective(&self) -> UringEffective {
        UringEffective {
            files: self.files.places() > 0,
            slabs: self.registered.slabs(),
            cooperative: self.queues.cooperative,
        }
    }

    pub(super) fn stats(&self) -> UringStats {
        UringStats { enters: self.queues.enters, depth: self.slots.depth(), ..self.counts }
    }
}
