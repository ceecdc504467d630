//! What a disk holds: what is durable, and what may or may not come to be.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::Event;
use super::random::Random;

/// The unit that a disk writes whole: smaller than the log's sector, so that those can be torn too.
pub(super) const SECTOR: usize = 512;

/// What becomes of what is not durable when power is cut.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lose {
    /// It came to the disk all the same. So it is too when only the process was killed.
    Nothing,
    Everything,
    /// Of each write any of its sectors came to the disk, and of the names' changes the first ones.
    Some(u64),
}

#[derive(Clone, Debug)]
enum Change {
    Write {
        at: usize,
        bytes: Arc<[u8]>,
        /// The sectors that can still come: the others were written over by what is durable, or failed.
        alive: Vec<bool>,
    },
    Len(usize),
}

impl Change {
    fn apply(&self, content: &mut Arc<Vec<u8>>) {
        match self {
            Self::Write { at, bytes, alive } => {
                for (i, sector) in bytes.chunks(SECTOR).enumerate().filter(|(i, _)| alive[*i]) {
                    put(content, at + i * SECTOR, sector);
                }
            }
            Self::Len(len) => Arc::make_mut(content).resize(*len, 0),
        }
    }

    /// As [`apply`](Self::apply), each sector as `comes` says.
    fn apply_some(&self, content: &mut Arc<Vec<u8>>, mut comes: impl FnMut() -> bool) {
        match self {
            Self::Write { at, bytes, alive } => {
                let alive = alive.iter().map(|alive| *alive && comes()).collect();
                Self::Write { at: *at, bytes: Arc::clone(bytes), alive }.apply(content);
            }
            Self::Len(_) if comes() => self.apply(content),
            Self::Len(_) => {}
        }
    }
}

fn put(content: &mut Arc<Vec<u8>>, at: usize, bytes: &[u8]) {
    let content = Arc::make_mut(content);
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[at..end].copy_from_slice(bytes);
}

#[derive(Clone, Debug)]
struct Pending {
    op: u64,
    change: Change,
    /// The call returned, so a sync covers it.
    ended: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct FileState {
    /// What a read gives.
    pub(super) current: Arc<Vec<u8>>,
    durable: Arc<Vec<u8>>,
    pending: Vec<Pending>,
}

impl FileState {
    fn write(&mut self, op: u64, at: usize, bytes: &Arc<[u8]>) {
        let sectors = bytes.len().div_ceil(SECTOR);
        let all = Change::Write { at, bytes: Arc::clone(bytes), alive: vec![true; sectors] };
        // Who reads during the write sees some of it.
        let mut sector = op;
        all.apply_some(&mut self.current, || {
            sector += 1;
            sector.is_multiple_of(3)
        });
        self.pending.push(Pending { op, change: all, ended: false });
    }

    fn index(&self, op: u64) -> usize {
        self.pending.iter().position(|pending| pending.op == op).expect("a write ends once")
    }

    fn written(&mut self, op: u64, taken: usize, durable: bool) {
        let i = self.index(op);
        let pending = &mut self.pending[i];
        pending.ended = true;
        let Change::Write { at, bytes, alive } = &mut pending.change else { unreachable!("only writes end") };
        if taken < bytes.len() {
            *bytes = bytes[..taken].into();
            alive.truncate(taken.div_ceil(SECTOR));
        }
        let (at, bytes) = (*at, Arc::clone(bytes));
        put(&mut self.current, at, &bytes);
        if durable {
            put(&mut self.durable, at, &bytes);
            self.pending.remove(i);
            self.outdate(i, at, bytes.len());
        }
    }

    /// Of the first `n` pending writes nothing comes any more where these bytes are durable.
    fn outdate(&mut self, n: usize, from: usize, len: usize) {
        for pending in &mut self.pending[..n] {
            if let Change::Write { at, alive, .. } = &mut pending.change {
                for (i, alive) in alive.iter_mut().enumerate() {
                    let sector = *at + i * SECTOR;
                    *alive &= sector + SECTOR <= from || from + len <= sector;
                }
            }
        }
    }

    fn not_written(&mut self, op: u64, seed: u64) {
        let mut random = Random::new(seed);
        let i = self.index(op);
        self.pending[i].ended = true;
        if let Change::Write { alive, .. } = &mut self.pending[i].change {
            alive.iter_mut().for_each(|alive| *alive = random.one_in(2));
        }
        self.look_again();
    }

    fn set_len(&mut self, op: u64, len: usize) {
        let change = Change::Len(len);
        change.apply(&mut self.current);
        self.pending.push(Pending { op, change, ended: true });
    }

    /// The writes that a sync that begins now covers.
    fn covered(&self) -> Vec<u64> {
        self.pending.iter().filter(|pending| pending.ended).map(|pending| pending.op).collect()
    }

    fn synced(&mut self, covered: &[u64]) {
        for op in covered {
            // Another sync, or a later durable write, may have been quicker.
            let Some(i) = self.pending.iter().position(|pending| pending.op == *op) else { continue };
            let pending = self.pending.remove(i);
            pending.change.apply(&mut self.durable);
            if let Change::Write { at, bytes, .. } = &pending.change {
                self.outdate(i, *at, bytes.len());
            }
        }
    }

    fn not_synced(&mut self, covered: &[u64], seed: u64) {
        let mut random = Random::new(seed);
        for op in covered {
            let Some(i) = self.pending.iter().position(|pending| pending.op == *op) else { continue };
            let pending = self.pending.remove(i);
            let fate = random.below(3);
            pending.change.apply_some(&mut self.durable, || if fate == 2 { random.one_in(2) } else { fate == 1 });
        }
        self.look_again();
    }

    /// A read gives what is durable, and what is still on its way.
    fn look_again(&mut self) {
        self.current = Arc::clone(&self.durable);
        for pending in &self.pending {
            pending.change.apply(&mut self.current);
        }
    }

    fn after(&self, lose: Lose, random: &mut Random) -> Self {
        let mut content = Arc::clone(&self.durable);
        for pending in &self.pending {
            match lose {
                Lose::Nothing => pending.change.apply(&mut content),
                Lose::Everything => {}
                Lose::Some(_) => {
                    // A write of which no sector, or each, came is as likely as one that is torn. That a later one may
                    // come and an earlier one over it not is their order: any.
                    let fate = random.below(4);
                    pending.change.apply_some(&mut content, || if fate < 2 { random.one_in(2) } else { fate == 3 });
                }
            }
        }
        Self { current: Arc::clone(&content), durable: content, pending: Vec::new() }
    }
}

#[derive(Clone, Debug)]
struct NameChange {
    op: u64,
    /// The name that goes, and the name that comes with its file.
    gone: Option<String>,
    new: Option<(String, usize)>,
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        if let Some(gone) = &self.gone {
            names.remove(gone);
        }
        if let Some((name, file)) = &self.new {
            names.insert(name.clone(), *file);
        }
    }
}

/// Files and names. The same events always make the same of it.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) files: Vec<FileState>,
    pub(super) names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<NameChange>,
    /// For each sync that is under way what it covers: operations on the file, or the number of changes of names.
    syncs: BTreeMap<u64, Vec<u64>>,
    name_changes: u64,
}

impl State {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Create(name) => {
                self.files.push(FileState::default());
                self.change_name(None, Some((name.clone(), self.files.len() - 1)));
            }
            Event::Rename(from, to) => {
                let file = self.names[from];
                self.change_name(Some(from.clone()), Some((to.clone(), file)));
            }
            Event::Remove(name) => self.change_name(Some(name.clone()), None),
            Event::DirectorySync { op } => {
                let covered = self.pending_names.iter().map(|change| change.op).collect();
                self.syncs.insert(*op, covered);
            }
            Event::DirectorySynced { op } => {
                let covered = self.syncs.remove(op).expect("a sync ends once");
                let Some(last) = covered.last() else { return };
                for change in self.pending_names.extract_if(.., |change| change.op <= *last) {
                    change.apply(&mut self.durable_names);
                }
            }
            Event::Write { op, file, at, bytes } => self.files[*file].write(*op, *at, bytes),
            Event::Written { op, file, taken, durable } => self.files[*file].written(*op, *taken, *durable),
            Event::NotWritten { op, file, seed } => self.files[*file].not_written(*op, *seed),
            Event::SetLen { op, file, len } => self.files[*file].set_len(*op, *len),
            Event::Sync { op, file } => {
                self.syncs.insert(*op, self.files[*file].covered());
            }
            Event::Synced { op, file } => {
                let covered = self.syncs.remove(op).expect("a sync ends once");
                self.files[*file].synced(&covered);
            }
            Event::NotSynced { op, file, seed } => {
                let covered = self.syncs.remove(op).expect("a sync ends once");
                self.files[*file].not_synced(&covered, *seed);
            }
            Event::Note(_) => {}
        }
    }

    fn change_name(&mut self, gone: Option<String>, new: Option<(String, usize)>) {
        self.name_changes += 1;
        let change = NameChange { op: self.name_changes, gone, new };
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    /// What there is after power was cut and came back.
    pub(super) fn after(&self, lose: Lose) -> Self {
        let mut random = Random::new(match lose {
            Lose::Some(seed) => seed,
            Lose::Nothing | Lose::Everything => 0,
        });
        // A journalled directory loses the last of its changes.
        let kept = match lose {
            Lose::Nothing => self.pending_names.len(),
            Lose::Everything => 0,
            Lose::Some(_) => random.below(self.pending_names.len() as u64 + 1) as usize,
        };
        let mut names = self.durable_names.clone();
        self.pending_names[..kept].iter().for_each(|change| change.apply(&mut names));
        let mut after = Self { durable_names: names.clone(), ..Self::default() };
        for file in names.values_mut() {
            after.files.push(self.files[*file].after(lose, &mut random));
            *file = after.files.len() - 1;
        }
        after.durable_names = names.clone();
        after.names = names;
        after
    }

    /// Changes a byte where it lies, in what is durable too.
    pub(super) fn flip(&mut self, name: &str, at: usize, mask: u8) {
        let file = &mut self.files[self.names[name]];
        for content in [&mut file.current, &mut file.durable] {
            Arc::make_mut(content)[at] ^= mask;
        }
    }

    /// Puts other bytes into a file.
    pub(super) fn overwrite(&mut self, name: &str, content: &[u8]) {
        let content = Arc::new(content.to_vec());
        self.files[self.names[name]] =
            FileState { current: Arc::clone(&content), durable: content, pending: Vec::new() };
    }
}
