//! Memory that the kernel keeps pinned.
#![allow(unsafe_code)] // The kernel is told addresses.

use std::io;

use super::queues::Queues;
use crate::pool::{BlockPool, Slab, SlabPins};
use crate::sys::Demand;

/// The pools whose slabs are registered with the kernel, and where.
///
/// A buffer's place is found by its address: the slabs of a pool lie side by side. That holds whatever the buffer is:
/// the slabs of `pins` keep their memory, so an address inside one is an address of registered memory.
pub(super) struct Registered {
    demand: Demand,
    /// Places of the kernel's table; 0 while there is none.
    places: u32,
    used: u32,
    pools: Vec<Pool>,
}

struct Pool {
    pool: BlockPool,
    /// Holds every slab that `slabs` knows a place of.
    pins: SlabPins,
    layout: Option<Layout>,
    slabs: Vec<Place>,
}

/// Where the slabs of a pool lie, whether they have memory or not.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layout {
    /// The address of the first.
    origin: usize,
    /// The bytes from one to the next.
    stride: usize,
}

/// What is known of a slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It had no memory when the pool was looked at.
    Unknown,
    /// It is registered.
    At(u16),
    /// The kernel refused it.
    Refused(i32),
    /// It is none of the pool's: the memory behind the pool's range.
    Foreign,
}

/// The places that io_uring gives a table at most.
const MOST_PLACES: u32 = 1 << 14;
/// The most that io_uring takes in one place.
const MOST_BYTES: usize = 1 << 30;

impl Registered {
    pub(super) fn new(demand: Demand) -> Self {
        Self { demand, places: 0, used: 0, pools: Vec::new() }
    }

    /// Slabs that are registered.
    pub(super) fn slabs(&self) -> usize {
        self.used as usize
    }

    pub(super) fn has_table(&self) -> bool {
        self.places > 0
    }

    /// Registers the slabs that the pool has; whether it could, all of them.
    pub(super) fn add(&mut self, pool: &BlockPool, queues: &mut Queues) -> io::Result<bool> {
        if !self.demand.wanted() {
            return Ok(false);
        }
        if self.places == 0 {
            match queues.register_memory(MOST_PLACES) {
                Ok(()) => self.places = MOST_PLACES,
                Err(e) if self.demand.required() => return Err(e),
                Err(_) => return Ok(false),
            }
        }
        let mut new = Pool { pool: pool.clone(), pins: pool.pin_slabs(), layout: None, slabs: Vec::new() };
        new.look();
        let known = self.pools.iter().position(|known| known.layout.is_some() && known.layout == new.layout);
        let at = known.unwrap_or(self.pools.len());
        match known {
            // The new pins hold what the old ones did: a slab that is held has memory.
            Some(at) => self.pools[at].pins = new.pins,
            None => self.pools.push(new),
        }
        match self.meet(at, queues) {
            None => Ok(true),
            Some(refused) if self.demand.required() => Err(refused),
            Some(_) => Ok(false),
        }
    }

    /// The place of `len` bytes at `address`, where they are registered; an error where they should be and cannot.
    #[inline]
    pub(super) fn place(&mut self, address: usize, len: usize, queues: &mut Queues) -> io::Result<Option<u16>> {
        for at in 0..self.pools.len() {
            let pool = &self.pools[at];
            let slab = match pool.slab_of(address) {
                Some(slab) if slab < MOST_PLACES as usize => slab,
                Some(_) => continue,
                // A pool that had no memory yet.
                None => usize::MAX,
            };
            match pool.slabs.get(slab) {
                Some(Place::At(place)) => return Ok(pool.holds(slab, address, len).then_some(*place)),
                Some(Place::Refused(errno)) if self.demand.required() => {
                    return Err(io::Error::from_raw_os_error(*errno));
                }
                Some(Place::Refused(_)) => return Ok(None),
                Some(Place::Foreign) => {}
                Some(Place::Unknown) | None => {
                    if let Some(place) = self.place_of_new(at, address, len, queues)? {
                        return Ok(Some(place));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The pool may have grown: looks at it once more.
    #[cold]
    fn place_of_new(&mut self, at: usize, address: usize, len: usize, queues: &mut Queues) -> io::Result<Option<u16>> {
        let pool = &mut self.pools[at];
        pool.pins = pool.pool.pin_slabs();
        pool.look();
        let Some(slab) = pool.slab_of(address).filter(|slab| *slab < MOST_PLACES as usize) else { return Ok(None) };
        if !pool.holds(slab, address, len) {
            // A block of the pool would be in a slab that has memory. Not to be asked again.
            pool.slabs.resize(pool.slabs.len().max(slab + 1), Place::Unknown);
            pool.slabs[slab] = Place::Foreign;
            return Ok(None);
        }
        self.meet(at, queues);
        match self.pools[at].slabs.get(slab) {
            Some(Place::At(place)) => Ok(Some(*place)),
            Some(Place::Refused(errno)) if self.demand.required() => Err(io::Error::from_raw_os_error(*errno)),
            _ => Ok(None),
        }
    }

    /// Registers what a pool has pinned and nobody has tried to register; the last refusal.
    fn meet(&mut self, at: usize, queues: &mut Queues) -> Option<io::Error> {
        let pool = &mut self.pools[at];
        let slabs = pool.pins.iovecs();
        pool.slabs.resize(slabs.len().max(pool.slabs.len()), Place::Unknown);
        let mut refusal = None;
        for (slab, place) in slabs.iter().zip(&mut pool.slabs) {
            match *place {
                Place::At(_) | Place::Foreign => continue,
                Place::Refused(errno) => {
                    refusal = Some(errno);
                    continue;
                }
                Place::Unknown if slab.len == 0 => continue,
                Place::Unknown => {}
            }
            let refused = if slab.len > MOST_BYTES {
                Some(libc::EOVERFLOW)
            } else if self.used == self.places {
                Some(libc::ENOBUFS)
            } else {
                let memory = libc::iovec { iov_base: slab.ptr.cast(), iov_len: slab.len };
                // SAFETY: `pins` holds the slab at its memory, and goes after the ring, or stays for good with it.
                let set = unsafe { queues.set_memory(self.used, memory) };
                set.err().map(|e| e.raw_os_error().unwrap_or(libc::EINVAL))
            };
            *place = match refused {
                Some(errno) => Place::Refused(errno),
                None => Place::At(self.used as u16),
            };
            self.used += u32::from(refused.is_none());
            refusal = refused.or(refusal);
        }
        refusal.map(io::Error::from_raw_os_error)
    }
}

impl Pool {
    /// Learns from the pins where the slabs lie.
    fn look(&mut self) {
        let layout = Layout::of(self.pins.iovecs());
        if layout.is_some() && layout != self.layout {
            self.layout = layout;
            self.slabs.retain(|place| *place != Place::Foreign);
        }
    }

    /// The number of the slab in which an address lies, if it lies in one of the pool's.
    #[inline]
    fn slab_of(&self, address: usize) -> Option<usize> {
        self.layout.map(|Layout { origin, stride }| address.wrapping_sub(origin) / stride)
    }

    /// Whether the bytes lie in a slab that is held.
    #[inline]
    fn holds(&self, slab: usize, address: usize, len: usize) -> bool {
        let Some(slab) = self.pins.iovecs().get(slab) else { return false };
        let inside = address.wrapping_sub(slab.ptr.addr());
        inside <= slab.len && len <= slab.len - inside
    }
}

impl Layout {
    /// `None` where no slab has memory. Where the last slab alone has, and is shorter than the others, what comes out
    /// is wrong until another has, and its blocks go unregistered.
    fn of(slabs: &[Slab]) -> Option<Self> {
        let mut with_memory = slabs.iter().enumerate().filter(|(_, slab)| slab.len > 0);
        let (first, slab) = with_memory.next()?;
        let stride = match with_memory.next() {
            Some((second, next)) => (next.ptr.addr() - slab.ptr.addr()) / (second - first),
            None => slab.len,
        };
        Some(Self { origin: slab.ptr.addr().wrapping_sub(first * stride), stride })
    }
}
