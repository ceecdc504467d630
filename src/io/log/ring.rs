use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use super::part::Part;
use super::tail::Sealed;
use crate::io::{FileId, OpId, Uring};
use crate::primitive::Mutex;
use crate::sys;
use crate::time::Instant;

/// For how long a kernel without memory is left alone.
const PAUSE: Duration = Duration::from_millis(1);

/// The ring of [`Backend::Uring`](crate::io::Backend::Uring): frames that the kernel writes.
///
/// Whoever has a frame to write submits it. One of those that wait waits for the ring, without its lock, and lands what
/// has ended for all.
#[derive(Debug)]
pub(super) struct Ring {
    state: Mutex<State>,
    /// Becomes readable when a write has ended.
    event: File,
}

#[derive(Debug)]
struct State {
    uring: Uring<Part>,
    /// The segment whose file is registered, by its number. There is never a write under way to two of them.
    file: Option<(u64, FileId)>,
    flying: Vec<Flying>,
}

/// A frame in the kernel: an operation for each of its parts.
#[derive(Debug)]
struct Flying {
    sealed: Sealed,
    started: Instant,
    operations: Vec<Option<OpId>>,
    parts: Vec<Option<Part>>,
    /// The first error, or that some part has to be written again.
    result: io::Result<Whole>,
}

/// Whether the kernel wrote all of what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

/// A frame whose write has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) sealed: Sealed,
    pub(super) result: io::Result<()>,
    pub(super) started: Instant,
}

impl Ring {
    /// A ring for so many frames at once.
    pub(super) fn new(frames: usize) -> io::Result<Self> {
        // Frames of one part are the rule; one with more than there are places left is written by its thread.
        let mut uring = Uring::builder().depth(2 * frames + 2 * super::frame::BLOCKS).files(2).build()?;
        let event = uring.eventfd()?.try_clone_to_owned()?.into();
        Ok(Self { state: Mutex::new(State { uring, file: None, flying: Vec::new() }), event })
    }

    /// Has the kernel write a frame. What it does not take is written here and given back.
    pub(super) fn submit(&self, sealed: Sealed, started: Instant) -> Option<Ended> {
        let mut state = self.state.lock();
        let state = &mut *state;
        match state.file(&sealed) {
            Ok(file) => state.launch(file, sealed, started),
            Err(e) => Some(Ended { sealed, result: Err(e), started }),
        }
    }

    /// Frames whose writes have ended.
    pub(super) fn poll(&self) -> Vec<Ended> {
        let mut state = self.state.lock();
        let state = &mut *state;
        while let Some(done) = state.uring.poll() {
            let place = |flying: &Flying| flying.operations.iter().position(|id| *id == Some(done.id));
            let Some((at, part)) = state.flying.iter().enumerate().find_map(|(i, f)| Some((i, place(f)?))) else {
                continue;
            };
            state.flying[at].settle(part, done.result, done.buffers.one());
        }
        let mut ended = Vec::new();
        while let Some(at) = state.flying.iter().position(|f| f.operations.iter().all(Option::is_none)) {
            ended.push(state.flying.swap_remove(at).end());
        }
        ended
    }

    pub(super) fn is_idle(&self) -> bool {
        self.state.lock().flying.is_empty()
    }

    /// Waits until a write may have ended, or for a time.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        // What the kernel had no memory for is handed over again, until it is taken.
        let handed = self.state.lock().uring.submit();
        let timeout = if handed.is_ok() { timeout } else { Some(timeout.map_or(PAUSE, |time| time.min(PAUSE))) };
        if sys::ring::wait_readable(self.event.as_fd(), timeout)? {
            // The count of completions is of no use; reading it makes the file wait for the next.
            (&self.event).read_exact(&mut [0; 8])?;
        }
        Ok(())
    }
}

impl State {
    /// The name of the segment's file.
    fn file(&mut self, sealed: &Sealed) -> io::Result<FileId> {
        let number = sealed.segment.header.number;
        if let Some((_, file)) = self.file.filter(|(current, _)| *current == number) {
            return Ok(file);
        }
        if let Some((_, file)) = self.file.take() {
            self.uring.unregister_file(file);
        }
        let file = self.uring.register_file(sealed.segment.file.clone())?;
        self.file = Some((number, file));
        Ok(file)
    }

    fn launch(&mut self, file: FileId, mut sealed: Sealed, started: Instant) -> Option<Ended> {
        let mut offset = sealed.offset;
        let parts = sealed.frame.take_parts();
        let mut flying = Flying { sealed, started, operations: Vec::new(), parts: Vec::new(), result: Ok(Whole::Yes) };
        for part in parts {
            let size = part.filled_len() as u64;
            match self.uring.write_durable(file, part, offset) {
                Ok(id) => {
                    flying.operations.push(Some(id));
                    flying.parts.push(None);
                }
                Err(refused) => {
                    flying.operations.push(None);
                    flying.parts.push(refused.into_inner().one());
                    flying.result = Ok(Whole::No);
                }
            }
            offset += size;
        }
        // What the kernel does not take now stays queued for who waits.
        let _ = self.uring.submit();
        if flying.operations.iter().all(Option::is_none) {
            return Some(flying.end());
        }
        self.flying.push(flying);
        None
    }
}

impl Flying {
    /// A part's operation is over.
    fn settle(&mut self, at: usize, result: io::Result<usize>, part: Option<Part>) {
        self.operations[at] = None;
        let len = part.as_ref().map_or(0, Part::filled_len);
        self.parts[at] = part;
        let whole = match result {
            Ok(n) if n == len => return,
            Ok(_) => Ok(Whole::No),
            // An operation of a thread that has ended is cancelled; the kernel may be short of memory for a while.
            Err(e) if matches!(e.raw_os_error(), Some(libc::ECANCELED | libc::EAGAIN | libc::EINTR)) => Ok(Whole::No),
            Err(e) => Err(e),
        };
        if self.result.is_ok() {
            self.result = whole;
        }
    }

    /// All operations are over. What was not written whole is written again, by the calling thread: the same bytes to the
    /// same place.
    fn end(self) -> Ended {
        let Self { mut sealed, started, parts, result, .. } = self;
        let kept = sealed.frame.put_parts(parts);
        let result = match result {
            Err(e) => Err(e),
            _ if !kept => Err(io::Error::other("the ring kept a buffer")),
            Ok(Whole::Yes) => Ok(()),
            Ok(Whole::No) => sealed.segment.write(&sealed.frame.parts(), sealed.offset),
        };
        Ended { sealed, result, started }
    }
}
