use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{fmt, io};

use super::{Direction, Done, Request};
use crate::io::DirectFile;
use crate::primitive::{Arc, Mutex, thread};
use crate::sync::EventCount;
use crate::time::Clock;

/// The threads of [`Backend::Threads`](crate::io::Backend::Threads): a fixed set over one file. One owner submits and
/// takes; the threads never wait for anything but work, so the owner can always join them.
#[derive(Debug)]
pub(in crate::io) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
    depth: usize,
}

struct Shared {
    file: Arc<DirectFile>,
    direction: Direction,
    state: Mutex<State>,
    /// A request was queued, or the threads are to end.
    work: EventCount,
    /// A request is done.
    done: EventCount,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// One place for each request that was submitted and not taken yet, oldest first; `None` until it is done.
    results: VecDeque<Option<Done>>,
    /// The sequence number of the first place.
    first: u64,
    ended: bool,
}

struct Job {
    sequence: u64,
    request: Request,
}

impl Workers {
    /// Starts the threads; neither `count` nor `depth` is 0.
    pub(in crate::io) fn start(
        file: Arc<DirectFile>,
        count: usize,
        depth: usize,
        direction: Direction,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            file,
            direction,
            state: Mutex::new(State::default()),
            work: EventCount::new(),
            done: EventCount::new(),
        });
        let mut workers = Self { shared, threads: Vec::new(), depth };
        for i in 0..count {
            let shared = Arc::clone(&workers.shared);
            // On an error the threads started so far end with `workers`.
            workers
                .threads
                .push(thread::Builder::new().name(format!("bedplate-io-{i}")).spawn(move || shared.serve())?);
        }
        Ok(workers)
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.len()
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Requests submitted and not taken.
    pub(super) fn in_flight(&self) -> usize {
        self.shared.state.lock().results.len()
    }

    pub(in crate::io) fn submit(&self, request: Request) {
        {
            let mut state = self.shared.state.lock();
            let sequence = state.first + state.results.len() as u64;
            state.results.push_back(None);
            state.queue.push_back(Job { sequence, request });
        }
        self.shared.work.notify(1);
    }

    /// Waits for the oldest request; `None` where there is none.
    pub(in crate::io) fn take(&self) -> Option<Done> {
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

    /// The oldest request, if it is done.
    pub(in crate::io) fn try_take(&self) -> Option<Done> {
        self.shared.state.lock().take_front()
    }

    /// Drops what no thread has begun, waits for the rest, and drops its results.
    pub(in crate::io) fn cancel(&self) {
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
        while let Some(Job { sequence, mut request }) = self.next_job() {
            // A transfer that panics leaves nothing half done but the bytes of the block, which nobody is shown.
            let run = catch_unwind(AssertUnwindSafe(|| request.run(&self.file, self.direction)));
            let result = run.unwrap_or_else(|_| Err(io::Error::other("a transfer panicked")));
            self.answer(sequence, request.finish(self.direction, result, Clock::Monotonic.now()));
        }
    }

    fn answer(&self, sequence: u64, done: Done) {
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
