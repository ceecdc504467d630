//! A disk in memory that keeps apart what was written and what is durable, fails at a chosen step, and forgets.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::io::log::storage::{Access, Directory, Storage};

/// The unit that a disk writes whole: smaller than the log's sector, so that those can be torn too.
const SECTOR: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The step fails with this errno. A sync that fails loses some of what it was to make durable, for good.
    Error(i32),
    /// A write takes only a part of the buffer; other steps succeed.
    Short,
    /// Power is cut at the step: it and all later ones fail.
    Crash,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Len(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(at, bytes) => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Self::Len(len) => content.resize(*len, 0),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct File {
    current: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.current);
        self.pending.push(change);
    }

    /// What the disk holds after power was cut: of each write any of its sectors, in any order.
    fn forget(&mut self, random: &mut Random) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Len(_) if random.below(2) == 0 => {}
                Change::Len(_) => change.apply(&mut self.durable),
                Change::Write(at, bytes) => {
                    let fate = random.below(4);
                    for (i, sector) in bytes.chunks(SECTOR).enumerate() {
                        let kept = match fate {
                            0 => false,
                            1 => true,
                            _ => random.below(2) == 0,
                        };
                        if kept {
                            Change::Write(at + i * SECTOR, sector.to_vec()).apply(&mut self.durable);
                        }
                    }
                }
            }
        }
        self.current = self.durable.clone();
    }
}

#[derive(Clone, Debug)]
enum NameChange {
    Insert(String, usize),
    Remove(String),
}

#[derive(Clone, Debug, Default)]
struct State {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<NameChange>,
    steps: u64,
    fault: Option<(u64, Fault)>,
    crashed: bool,
    random: Random,
}

/// A handle to the disk; clones are handles to the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// An empty disk. `seed` decides what is lost.
    pub(super) fn new(seed: u64) -> Self {
        let disk = Self::default();
        disk.state().random = Random::new(seed);
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Has step `at`, counted from the first step of the disk, fail.
    pub(super) fn fail_at(&self, at: u64, fault: Fault) {
        self.state().fault = Some((at, fault));
    }

    /// Steps so far: writes, syncs, and changes of lengths and names.
    pub(super) fn steps(&self) -> u64 {
        self.state().steps
    }

    /// The disk after power was cut and came back.
    pub(super) fn after_power_cut(&self) -> Self {
        let mut state = self.state().clone();
        let mut random = std::mem::take(&mut state.random);
        for file in &mut state.files {
            file.forget(&mut random);
        }
        // A journalled directory loses the last of its changes.
        let kept = random.below(state.pending_names.len() as u64 + 1) as usize;
        for change in state.pending_names.drain(..).take(kept) {
            apply_name(change, &mut state.durable_names);
        }
        state.names = state.durable_names.clone();
        (state.random, state.fault, state.crashed) = (random, None, false);
        Self(Arc::new(Mutex::new(state)))
    }

    /// The disk as another process finds it after this one was killed: nothing is lost.
    pub(super) fn after_kill(&self) -> Self {
        let mut state = self.state().clone();
        (state.fault, state.crashed) = (None, false);
        Self(Arc::new(Mutex::new(state)))
    }

    /// The names of the files and how long they are.
    pub(super) fn files(&self) -> Vec<(String, usize)> {
        let state = self.state();
        state.names.iter().map(|(name, id)| (name.clone(), state.files[*id].current.len())).collect()
    }

    /// Changes a byte where it lies, in what is durable too.
    pub(super) fn flip(&self, name: &str, at: usize, mask: u8) {
        let mut state = self.state();
        let id = state.names[name];
        let file = &mut state.files[id];
        file.current[at] ^= mask;
        file.durable[at] ^= mask;
    }

    fn step(state: &mut State) -> io::Result<Option<Fault>> {
        if state.crashed {
            return Err(io::Error::other("the power is cut"));
        }
        let step = state.steps;
        state.steps += 1;
        match state.fault {
            Some((at, fault)) if at == step => {
                state.crashed = fault == Fault::Crash;
                Ok(Some(fault))
            }
            _ => Ok(None),
        }
    }

    /// Counts a step that cannot be short.
    fn step_or_fail(state: &mut State) -> io::Result<()> {
        match Self::step(state)? {
            Some(Fault::Error(errno)) => Err(io::Error::from_raw_os_error(errno)),
            Some(Fault::Crash) => Err(io::Error::other("the power is cut")),
            Some(Fault::Short) | None => Ok(()),
        }
    }

    fn change_name(&self, changes: Vec<NameChange>) -> io::Result<()> {
        let mut state = self.state();
        Self::step_or_fail(&mut state)?;
        for change in changes {
            apply_name(change.clone(), &mut state.names);
            state.pending_names.push(change);
        }
        Ok(())
    }

    fn handle(&self, id: usize) -> Box<dyn Storage> {
        Box::new(Handle { disk: self.clone(), id })
    }
}

fn apply_name(change: NameChange, names: &mut BTreeMap<String, usize>) {
    match change {
        NameChange::Insert(name, id) => {
            names.retain(|_, other| *other != id);
            names.insert(name, id);
        }
        NameChange::Remove(name) => {
            names.remove(&name);
        }
    }
}

impl Directory for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state().names.keys().cloned().collect())
    }

    fn open(&self, name: &str, _: Access) -> io::Result<Box<dyn Storage>> {
        let id = *self.state().names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.handle(id))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Storage>> {
        let id = {
            let mut state = self.state();
            if state.names.contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            state.files.push(File::default());
            state.files.len() - 1
        };
        self.change_name(vec![NameChange::Insert(name.to_owned(), id)])?;
        Ok(self.handle(id))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let id = *self.state().names.get(from).ok_or(io::ErrorKind::NotFound)?;
        // `Insert` takes the file's other name away: a rename is one change.
        self.change_name(vec![NameChange::Insert(to.to_owned(), id)])
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change_name(vec![NameChange::Remove(name.to_owned())])
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        Self::step_or_fail(&mut state)?;
        state.durable_names = state.names.clone();
        state.pending_names.clear();
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(name)
    }
}

#[derive(Debug)]
struct Handle {
    disk: Disk,
    id: usize,
}

impl Storage for Handle {
    fn read(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        let content = &state.files[self.id].current;
        let rest = content.get(offset as usize..).unwrap_or(&[]);
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn write(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        let fault = Disk::step(&mut state)?;
        let taken = match fault {
            None => buf.len(),
            Some(Fault::Short) => 4096 + state.random.below((buf.len() - 4096) as u64 + 1) as usize,
            // A write that fails may have written some of it.
            Some(_) => state.random.below(buf.len() as u64 + 1) as usize,
        };
        let change = Change::Write(offset as usize, buf[..taken].to_vec());
        state.files[self.id].change(change);
        match fault {
            Some(Fault::Error(errno)) => Err(io::Error::from_raw_os_error(errno)),
            Some(Fault::Crash) => Err(io::Error::other("the power is cut")),
            Some(Fault::Short) | None => Ok(taken),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let result = Disk::step_or_fail(&mut state);
        let crashed = state.crashed;
        let mut random = std::mem::take(&mut state.random);
        let file = &mut state.files[self.id];
        match &result {
            Ok(()) => {
                file.durable = file.current.clone();
                file.pending.clear();
            }
            Err(_) if crashed => {}
            Err(_) => file.forget(&mut random),
        }
        state.random = random;
        result
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.id].current.len() as u64)
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        Disk::step_or_fail(&mut state)?;
        state.files[self.id].change(Change::Len(len as usize));
        Ok(())
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        self.cut(len)
    }

    fn is_direct(&self) -> bool {
        false
    }
}

/// xorshift64*.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}
