use std::io;

use super::shared::Shared;
use crate::primitive::{Arc, thread};

/// The threads of [`Backend::Threads`](crate::io::Backend::Threads): they write frames that somebody waits for.
#[derive(Debug)]
pub(super) struct Writers {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Writers {
    /// No threads yet.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, threads: Vec::new() }
    }

    /// Starts `count` threads. On an error those that were started stay, until this is dropped.
    pub(super) fn start(&mut self, count: usize) -> io::Result<()> {
        for i in 0..count {
            let shared = Arc::clone(&self.shared);
            self.threads.push(spawn(format!("bedplate-log-{i}"), move || serve(&shared))?);
        }
        Ok(())
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.shared.hold().ended = true;
        self.shared.work.notify_all();
        let this = thread::current().id();
        for thread in self.threads.drain(..) {
            // A closure that was called may own the log: then it is one of them that drops it, and ends after that.
            if thread.thread().id() != this {
                // They do not panic: a write that does is an error, and a closure that does is counted.
                let _ = thread.join();
            }
        }
    }
}

fn serve(shared: &Shared) {
    loop {
        let mut held = shared.hold();
        if held.ended {
            return;
        }
        if held.may_seal() {
            held.lead();
            continue;
        }
        let listener = shared.work.listen();
        drop(held);
        listener.wait();
    }
}

#[cfg(not(bedplate_loom))]
fn spawn(name: String, f: impl FnOnce() + Send + 'static) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(name).spawn(f)
}

#[cfg(bedplate_loom)]
fn spawn(_: String, f: impl FnOnce() + Send + 'static) -> io::Result<thread::JoinHandle<()>> {
    Ok(thread::spawn(f))
}
