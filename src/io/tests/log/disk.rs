//! A disk in memory that keeps apart what was written and what is durable, fails where it is told to, and forgets.

mod handle;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use handle::Handle;

use super::event::{Event, Note};
use super::gate::{Gate, Held};
use super::random::Random;
use super::state::{Lose, State};
use crate::io::log::storage::{Access, Directory};
use crate::io::tests::faults::{EIO, ENOSPC};
use crate::io::{Alignment, DirectFile};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The step fails and has done nothing; a sync that fails loses some of what it was to make durable, for good.
    Errno(i32),
    /// A write fails, and some of its sectors are written all the same. Other steps fail as with [`Errno`](Self::Errno).
    Torn,
    /// A write takes only a part of the buffer; other steps succeed.
    Short,
    /// Power is cut at the step: it and all later ones fail.
    Crash,
}

/// The kinds of steps: all that changes what is on the disk or what of it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A write that is durable when it ends.
    DurableWrite,
    Write,
    Sync,
    /// A change of a length, or space for a file.
    Space,
    Name,
    DirectorySync,
}

#[derive(Debug, Default)]
struct Inner {
    state: State,
    history: Option<Vec<Event>>,
    steps: Vec<Step>,
    /// The step of that number; or the next of a kind.
    fault: Option<(u64, Fault)>,
    next: Option<(Step, Fault)>,
    crashed: bool,
    seed: u64,
    next_op: u64,
    /// Bytes that all files together may have.
    limit: Option<usize>,
    /// Files that are open for writing.
    locked: BTreeSet<usize>,
    now: u64,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    gate: Gate,
    /// How often at most another thread is let come between the beginning and the end of a write or a sync.
    delay: u64,
    alignment: Option<Alignment>,
}

/// A handle to the disk; clones are handles to the same one.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Shared>);

/// What a disk is made as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Make {
    /// Decides what a failure spares.
    pub(super) seed: u64,
    /// Everything that happens is kept, for [`Disk::history`].
    pub(super) history: bool,
    pub(super) delay: u64,
    pub(super) alignment: Option<Alignment>,
}

impl Make {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, history: false, delay: 0, alignment: Some(Alignment { memory: 512, offset: 4096 }) }
    }

    pub(super) fn empty(self) -> Disk {
        self.with(State::default())
    }

    pub(super) fn with(self, state: State) -> Disk {
        let Self { seed, history, delay, alignment } = self;
        let history = history.then(Vec::new);
        let inner = Mutex::new(Inner { state, history, seed, now: 1, ..Inner::default() });
        Disk(Arc::new(Shared { inner, gate: Gate::default(), delay, alignment }))
    }
}

impl Disk {
    /// An empty disk with direct transfers. `seed` decides what is lost.
    pub(super) fn new(seed: u64) -> Self {
        Make::new(seed).empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap()
    }

    /// Has step `at`, counted from the first step of the disk, fail.
    pub(super) fn fail_at(&self, at: u64, fault: Fault) {
        self.lock().fault = Some((at, fault));
    }

    /// Has the next step of a kind fail.
    pub(super) fn fail_next(&self, step: Step, fault: Fault) {
        self.lock().next = Some((step, fault));
    }

    /// How many bytes all files may have together; `None` for any number.
    pub(super) fn limit(&self, bytes: Option<usize>) {
        self.lock().limit = bytes;
    }

    pub(super) fn space(&self) -> usize {
        self.lock().space()
    }

    pub(super) fn pass_time(&self, time: Duration) {
        self.lock().now += time.as_nanos() as u64;
    }

    pub(super) fn seed(&self) -> u64 {
        self.lock().seed
    }

    /// How many steps there were.
    pub(super) fn steps(&self) -> u64 {
        self.lock().steps.len() as u64
    }

    /// How many steps of a kind there were.
    pub(super) fn count(&self, step: Step) -> usize {
        self.lock().steps.iter().filter(|s| **s == step).count()
    }

    /// Writes of frames come out of this from now on, and wait to be let go.
    pub(super) fn close_gate(&self) -> std::sync::mpsc::Receiver<Held> {
        self.0.gate.close()
    }

    /// Everything that happened so far.
    pub(super) fn history(&self) -> Vec<Event> {
        self.lock().history.clone().unwrap_or_default()
    }

    pub(super) fn note(&self, note: Note) {
        self.lock().happen(Event::Note(note));
    }

    /// The disk after power was cut, or the process was killed, and came back.
    pub(super) fn after(&self, lose: Lose) -> Self {
        let inner = self.lock();
        Make { alignment: self.0.alignment, ..Make::new(inner.seed) }.with(inner.state.after(lose))
    }

    /// The names of the files and how long they are.
    pub(super) fn files(&self) -> Vec<(String, usize)> {
        let inner = self.lock();
        let len = |file: &usize| inner.state.files[*file].current.len();
        inner.state.names.iter().map(|(name, file)| (name.clone(), len(file))).collect()
    }

    pub(super) fn content(&self, name: &str) -> Vec<u8> {
        let inner = self.lock();
        inner.state.files[inner.state.names[name]].current.to_vec()
    }

    /// Changes a byte where it lies, in what is durable too.
    pub(super) fn flip(&self, name: &str, at: usize, mask: u8) {
        self.lock().state.flip(name, at, mask);
    }

    /// Puts other bytes into a file, durably.
    pub(super) fn overwrite(&self, name: &str, content: &[u8]) {
        self.lock().state.overwrite(name, content);
    }

    fn handle(&self, file: usize, locked: bool) -> DirectFile {
        DirectFile::with_storage(Box::new(Handle { disk: self.clone(), file, locked }), self.0.alignment)
    }

    /// Time for others, between a beginning and an end.
    fn delay(&self, op: u64) {
        if self.0.delay > 0 {
            for _ in 0..Random::new(op).below(self.0.delay) {
                thread::yield_now();
            }
        }
    }

    fn change_name(&self, event: Event) -> io::Result<()> {
        let mut inner = self.lock();
        inner.step_or_fail(Step::Name)?;
        inner.happen(event);
        Ok(())
    }
}

fn errno(errno: i32) -> io::Error {
    io::Error::from_raw_os_error(errno)
}

fn power() -> io::Error {
    io::Error::other("the power is cut")
}

impl Inner {
    fn happen(&mut self, event: Event) {
        self.state.apply(&event);
        if let Some(history) = &mut self.history {
            history.push(event);
        }
    }

    fn op(&mut self) -> u64 {
        self.next_op += 1;
        self.next_op
    }

    fn check_power(&self) -> io::Result<()> {
        if self.crashed { Err(power()) } else { Ok(()) }
    }

    fn step(&mut self, step: Step) -> io::Result<Option<Fault>> {
        self.check_power()?;
        let number = self.steps.len() as u64;
        self.steps.push(step);
        let fault = match (self.fault, self.next) {
            (Some((at, fault)), _) if at == number => Some(fault),
            (_, Some((of, fault))) if of == step => {
                self.next = None;
                Some(fault)
            }
            _ => None,
        };
        self.crashed |= fault == Some(Fault::Crash);
        Ok(fault)
    }

    /// A step that cannot be short.
    fn step_or_fail(&mut self, step: Step) -> io::Result<()> {
        fail(self.step(step)?)
    }

    fn space(&self) -> usize {
        self.state.names.values().map(|file| self.state.files[*file].current.len()).sum()
    }

    /// Whether a file may have `len` bytes.
    fn check_space(&self, file: usize, len: usize) -> io::Result<()> {
        let more = len.saturating_sub(self.state.files[file].current.len());
        match self.limit {
            Some(limit) if more > 0 && self.space() + more > limit => Err(errno(ENOSPC)),
            _ => Ok(()),
        }
    }
}

fn fail(fault: Option<Fault>) -> io::Result<()> {
    match fault {
        Some(Fault::Errno(e)) => Err(errno(e)),
        Some(Fault::Torn) => Err(errno(EIO)),
        Some(Fault::Crash) => Err(power()),
        Some(Fault::Short) | None => Ok(()),
    }
}

impl Directory for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        let inner = self.lock();
        inner.check_power()?;
        Ok(inner.state.names.keys().cloned().collect())
    }

    fn open(&self, name: &str, access: Access) -> io::Result<DirectFile> {
        let mut inner = self.lock();
        inner.check_power()?;
        let file = *inner.state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        let locked = access == Access::Write;
        if locked && !inner.locked.insert(file) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        drop(inner);
        Ok(self.handle(file, locked))
    }

    fn create(&self, name: &str) -> io::Result<DirectFile> {
        let mut inner = self.lock();
        inner.check_power()?;
        if inner.state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        inner.step_or_fail(Step::Name)?;
        inner.happen(Event::Create(name.to_owned()));
        let file = inner.state.files.len() - 1;
        inner.locked.insert(file);
        drop(inner);
        Ok(self.handle(file, true))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        if !self.lock().state.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.change_name(Event::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        if !self.lock().state.names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.change_name(Event::Remove(name.to_owned()))
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.lock();
        // What a sync of a directory that fails leaves is what none leaves: any of the changes.
        inner.step_or_fail(Step::DirectorySync)?;
        let op = inner.op();
        inner.happen(Event::DirectorySync { op });
        drop(inner);
        self.delay(op);
        let mut inner = self.lock();
        inner.check_power()?;
        inner.happen(Event::DirectorySynced { op });
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(name)
    }

    fn now(&self) -> u64 {
        let mut inner = self.lock();
        inner.now += 1;
        inner.now
    }
}
