use std::collections::VecDeque;
use std::io;
use std::sync::Arc as StdArc;

use super::callbacks::Callbacks;
use super::format::{FIRST_FRAME, SECTOR, SEGMENT_HEADER};
use super::frame::Frame;
use super::gather::Gather;
use super::segment::Segment;
use super::{LogError, LogStats, Lsn};
use crate::primitive::Arc;
use crate::time::Instant;

/// Zeros that are written for the next segment at one time.
///
/// Large, so that few commits have one beside them: at 128 KiB one write in 16 had, and it is what the p99 is about.
const PREPARED_AT_ONCE: u64 = 512 << 10;

/// The writing end of a log: what is behind its lock.
///
/// Records go to `active`. It is sealed when one of `slots` writers is free, by the one who is about to write it, and is
/// a *flight* from then on; a spare takes its place. Flights end in any order. What is durable is the end of the oldest
/// flights that have ended without a gap: `landed` counts them.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) active: Frame,
    /// One for each slot that is free.
    spares: Vec<Frame>,
    pub(super) segment: Arc<Segment>,
    /// Where the next frame goes.
    pub(super) offset: u64,
    pub(super) next_lsn: u64,
    pub(super) durable_lsn: u64,
    /// The highest durable LSN that a frame on the disk bears witness to.
    pub(super) witnessed_lsn: u64,
    /// Flights that are not counted in `landed`, oldest first.
    flights: VecDeque<Flight>,
    /// The sequence number of the first of them; that of `active` is their number more.
    landed: u64,
    /// Writers that have a frame, or are about to seal one.
    pub(super) busy: usize,
    pub(super) slots: usize,
    pub(super) gather: Gather,
    /// Records that became durable at the last landing: so many threads may come back at once.
    pub(super) released: u32,
    /// It was of several frames: an older one had kept others waiting, and their threads come back at the same moment.
    pub(super) abreast: bool,
    pub(super) callbacks: Callbacks,
    /// What the next segment is behind with.
    debt: u64,
    pub(super) poison: Option<StdArc<io::Error>>,
    /// The log's own threads are to end.
    pub(super) ended: bool,
    /// A thread waits for the ring.
    #[cfg(feature = "io-uring")]
    pub(super) reaping: bool,
    pub(super) stats: LogStats,
}

/// A frame that is being written, or was before an older one was.
#[derive(Debug)]
struct Flight {
    last_lsn: u64,
    /// The durable LSN in its header.
    witness: u64,
    ended: bool,
}

/// A frame that is to be written to its place.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) sequence: u64,
    pub(super) frame: Frame,
    pub(super) segment: Arc<Segment>,
    pub(super) offset: u64,
    durable_lsn: u64,
    /// Since when somebody waited for it.
    pub(super) since: Option<Instant>,
}

impl Sealed {
    /// Writes the frame's header.
    pub(super) fn encode(&mut self, time: u64) {
        self.frame.seal(self.segment.seed, self.offset, self.durable_lsn, time);
    }
}

impl Tail {
    /// The end of a log, with room for `slots` writers and the records that gather meanwhile.
    pub(super) fn new(
        segment: Arc<Segment>,
        offset: u64,
        next_lsn: u64,
        witnessed: u64,
        buffer_size: usize,
        slots: usize,
    ) -> io::Result<Self> {
        let durable_lsn = next_lsn - 1;
        Ok(Self {
            active: Frame::new(buffer_size)?,
            spares: (0..slots).map(|_| Frame::new(buffer_size)).collect::<io::Result<_>>()?,
            segment,
            offset,
            next_lsn,
            durable_lsn,
            witnessed_lsn: witnessed,
            flights: VecDeque::new(),
            landed: 0,
            busy: 0,
            slots,
            gather: Gather::default(),
            released: 0,
            abreast: false,
            callbacks: Callbacks::default(),
            debt: 0,
            poison: None,
            ended: false,
            #[cfg(feature = "io-uring")]
            reaping: false,
            stats: LogStats::default(),
        })
    }

    pub(super) fn check(&self) -> Result<(), LogError> {
        self.poison.as_ref().map_or(Ok(()), |e| Err(LogError::Poisoned(StdArc::clone(e))))
    }

    pub(super) fn check_appended(&self, lsn: Lsn) -> Result<(), LogError> {
        let next = Lsn::new(self.next_lsn);
        if lsn < next { Ok(()) } else { Err(LogError::NotAppended { lsn, next }) }
    }

    /// Bytes of the segment that the next frame may take.
    #[inline]
    pub(super) fn room(&self) -> u64 {
        let room = self.segment.room(self.offset);
        if self.is_at_start() { room.min(FIRST_FRAME) } else { room }
    }

    /// Whether the next frame is the first of its segment.
    #[inline]
    pub(super) fn is_at_start(&self) -> bool {
        self.offset == SEGMENT_HEADER as u64
    }

    /// Whether a frame of `size` bytes, which cannot be the first of the segment, has room behind a mark.
    pub(super) fn has_room_behind_mark(&self, size: u64) -> bool {
        self.is_at_start() && size + SECTOR as u64 <= self.segment.room(self.offset)
    }

    /// The sequence number of the active frame.
    pub(super) fn sequence(&self) -> u64 {
        self.landed + self.flights.len() as u64
    }

    /// The sequence number of the frame with a record that was appended and is not durable.
    pub(super) fn sequence_of(&self, lsn: u64) -> u64 {
        let flight = self.flights.iter().position(|flight| flight.last_lsn >= lsn);
        self.landed + flight.unwrap_or(self.flights.len()) as u64
    }

    pub(super) fn has_landed(&self, sequence: u64) -> bool {
        self.landed > sequence
    }

    /// Whether no write is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.busy == 0
    }

    /// Whether the active frame is waited for and can be sealed: a writer is free, and not so many flights are kept from
    /// landing by an old one that two frames would have one event.
    pub(super) fn may_seal(&self, most_flights: usize) -> bool {
        self.active.due().is_some()
            && self.busy < self.slots
            && self.flights.len() < most_flights
            && self.poison.is_none()
    }

    /// Takes the active frame. The caller has a slot.
    pub(super) fn seal(&mut self) -> Sealed {
        let spare = self.spares.pop().expect("each free slot has a spare frame");
        let frame = std::mem::replace(&mut self.active, spare);
        let (sequence, offset) = (self.sequence(), self.offset);
        self.offset += frame.size();
        let flight = Flight { last_lsn: frame.last_lsn(), witness: self.durable_lsn, ended: false };
        self.flights.push_back(flight);
        let (segment, since) = (Arc::clone(&self.segment), frame.due());
        Sealed { sequence, frame, segment, offset, durable_lsn: self.durable_lsn, since }
    }

    /// Puts a larger frame in the place of the active one, which is empty.
    pub(super) fn enlarge(&mut self, capacity: usize) -> io::Result<()> {
        let larger = Frame::new(capacity)?;
        self.spares.push(std::mem::replace(&mut self.active, larger));
        Ok(())
    }

    /// Takes back an empty frame, but for a larger one, in whose place there is one already.
    pub(super) fn give_back(&mut self, frame: Frame, buffer_size: usize) {
        if frame.capacity() == buffer_size {
            self.spares.push(frame);
        }
    }

    /// A flight ended well. True where something became durable by it.
    pub(super) fn arrive(&mut self, sequence: u64) -> bool {
        let Some(flight) = sequence.checked_sub(self.landed).and_then(|at| self.flights.get_mut(at as usize)) else {
            unreachable!("a flight lands once")
        };
        flight.ended = true;
        if sequence != self.landed {
            self.stats.overtaking += 1;
        }
        if self.poison.is_some() {
            // What ended well now may be what the error was about: one sync tells of the writes of all.
            return false;
        }
        let before = self.landed;
        let released = self.durable_lsn;
        while let Some(flight) = self.flights.front().filter(|flight| flight.ended) {
            (self.durable_lsn, self.witnessed_lsn) = (flight.last_lsn, flight.witness);
            self.flights.pop_front();
            self.landed += 1;
        }
        if self.landed > before {
            self.released = u32::try_from(self.durable_lsn - released).unwrap_or(u32::MAX);
            self.abreast = self.landed - before > 1;
        }
        self.landed > before
    }

    /// The sequence number of the first flight that has not landed.
    pub(super) fn landed(&self) -> u64 {
        self.landed
    }

    /// Takes note that `size` bytes were written, of which the next segment, which is behind with `owed`, is to keep
    /// ahead twice as fast. How many bytes of it are to be prepared now.
    pub(super) fn pay(&mut self, size: u64, owed: u64) -> u64 {
        if owed == 0 {
            return 0;
        }
        self.debt += 2 * size;
        if self.debt >= PREPARED_AT_ONCE.min(owed) { std::mem::take(&mut self.debt) } else { 0 }
    }

    /// Goes on in another segment. No write is under way.
    pub(super) fn enter(&mut self, segment: Arc<Segment>) {
        self.segment = segment;
        self.offset = SEGMENT_HEADER as u64;
        self.debt = 0;
        self.stats.segments += 1;
    }
}
