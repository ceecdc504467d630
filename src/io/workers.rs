//! The threads of [`Backend::Threads`](super::Backend::Threads): transfers of whole blocks, handed over and taken back in
//! one order.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{fmt, io};

use super::DirectFile;
use crate::pool::Block;
use crate::primitive::{Arc, Mutex, thread};
use crate::sync::EventCount;
use crate::time::{Clock, Instant};

/// What a thread does with a block: reads into it or writes it, at the offset. Says nothing of how much: the block's
/// length does.
pub(super) type Transfer = fn(&DirectFile, &mut Block, u64) -> io::Result<()>;

/// Transfers in flight at most for each thread: one that it works on and one that waits, so that it need not.
const DEPTH: usize = 2;

/// A fixed set of threads over one file. One owner submits and takes; the threads never wait for anything but work, so
/// the owner can always join them.
#[derive(Debug)]
pub(super) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

struct Shared {
    file: Arc<DirectFile>,
    transfer: Transfer,
    state: Mutex<State>,
    /// A transfer was queued, or the threads are to end.
    work: EventCount,
    /// A transfer is done.
    done: EventCount,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// One place for each transfer that was submitted and not taken yet, oldest first; `None` until it is done.
    results: VecDeque<Option<Done>>,
    /// The sequence number of the first place.
    first: u64,
    ended: bool,
}

/// A transfer that came to its end.
pub(super) struct Done {
    pub(super) result: io::Result<Block>,
    /// When it did, whenever it is taken.
    pub(super) at: Instant,
}

struct Job {
    sequence: u64,
    offset: u64,
    block: Block,
}

impl Workers {
    /// Starts the threads; `count` is not 0.
    pub(super) fn start(file: Arc<DirectFile>, count: usize, transfer: Transfer) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            file,
            transfer,
            state: Mutex::new(State::default()),
            work: EventCount::new(),
            done: EventCount::new(),
        });
        let mut workers = Self { shared, threads: Vec::new() };
        for i in 0..count {
            let shared = Arc::clone(&workers.shared);
            // On an error the threads started so far end with `workers`.
            workers
                .threads
                .push(thread::Builder::new().name(format!("bedplate-io-{i}")).spawn(move || shared.serve())?);
        }
        Ok(workers)
    }

    /// Whether another transfer would be more than keeps the threads busy.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight() >= self.threads.len() * DEPTH
    }

    /// Transfers submitted and not taken.
    pub(super) fn in_flight(&self) -> usize {
        self.shared.state.lock().results.len()
    }

    pub(super) fn submit(&self, offset: u64, block: Block) {
        {
            let mut state = self.shared.state.lock();
            let sequence = state.first + state.results.len() as u64;
            state.results.push_back(None);
            state.queue.push_back(Job { sequence, offset, block });
        }
        self.shared.work.notify(1);
    }

    /// Waits for the oldest transfer; `None` where there is none.
    pub(super) fn take(&self) -> Option<Done> {
        loop {
            let listener = {
                let mut state = self.shared.state.lock();
                state.results.front()?;
                if let Some(done) = state.take_front() {
                    return Some(done);
                }
                self.shared.done.listen()
            };
            listener.wait();
        }
    }

    /// Drops what no thread has begun, waits for the rest, and drops its results.
    pub(super) fn cancel(&self) {
        let unbegun = {
            let mut state = self.shared.state.lock();
            let unbegun = std::mem::take(&mut state.queue);
            // Jobs are begun in order, so those still queued have the last places.
            let kept = state.results.len() - unbegun.len();
            state.results.truncate(kept);
            unbegun
        };
        drop(unbegun);
        while self.take().is_some() {}
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let unbegun = {
            let mut state = self.shared.state.lock();
            state.ended = true;
            std::mem::take(&mut state.queue)
        };
        drop(unbegun);
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // Threads do not panic: a transfer that does is an error.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn serve(&self) {
        while let Some(job) = self.next_job() {
            let Job { sequence, offset, mut block } = job;
            // A transfer that panics leaves nothing half done but the block, and that is dropped.
            let done = catch_unwind(AssertUnwindSafe(|| (self.transfer)(&self.file, &mut block, offset)));
            let result = match done {
                Ok(result) => result.map(|()| block),
                Err(_) => Err(io::Error::other("a transfer panicked")),
            };
            self.answer(sequence, result);
        }
    }

    fn answer(&self, sequence: u64, result: io::Result<Block>) {
        let done = Done { result, at: Clock::Monotonic.now() };
        {
            let mut state = self.state.lock();
            let at = (sequence - state.first) as usize;
            state.results[at] = Some(done);
        }
        self.done.notify(1);
    }

    fn next_job(&self) -> Option<Job> {
        loop {
            let listener = {
                let mut state = self.state.lock();
                if let Some(job) = state.queue.pop_front() {
                    return Some(job);
                }
                if state.ended {
                    return None;
                }
                self.work.listen()
            };
            listener.wait();
        }
    }
}

impl State {
    fn take_front(&mut self) -> Option<Done> {
        let done = self.results.front_mut()?.take()?;
        self.results.pop_front();
        self.first += 1;
        Some(done)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("file", &self.file).finish_non_exhaustive()
    }
}
