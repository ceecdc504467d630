use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one thing after another, as it is told, and lives idle in between.
pub struct Worker {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl Worker {
    pub fn new() -> Self {
        let (jobs, todo) = mpsc::channel::<Job>();
        let thread = thread::spawn(move || todo.iter().for_each(|job| job()));
        Self { jobs, thread }
    }

    /// Runs `job` on the thread, and returns when that is done, with its result or panic.
    pub fn run<R: Send + 'static>(&self, job: impl FnOnce() -> R + Send + 'static) -> R {
        let (done, result) = mpsc::channel();
        self.start(move || done.send(catch_unwind(AssertUnwindSafe(job))).expect("the caller waits for it"));
        result.recv().expect("the job was run").unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Has `job` run on the thread, and returns at once. A panic of it comes out at the [`end`](Self::end).
    pub fn start(&self, job: impl FnOnce() + Send + 'static) {
        self.jobs.send(Box::new(job)).expect("the thread waits for jobs");
    }

    /// Ends the thread, and returns when its thread-locals are gone.
    pub fn end(self) {
        drop(self.jobs);
        self.thread.join().expect("no job panicked unseen");
    }
}
