//! The process of its own that a row about CPU time runs its work in.

use super::bounded::{readable_within, wait_bounded};
use super::pages::{Pages, read_std};
use bedplate::Demand;
use bedplate::io::{Backend, DirectReader};
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Duration;

/// Names the work of a child, by which a process knows that it is one.
const WORK: &str = "BEDPLATE_PEERS_CHILD";
/// How much of it, by the name of [`Look`].
const LOOK: &str = "BEDPLATE_PEERS_LOOK";
/// The file it reads.
const FILE: &str = "BEDPLATE_PEERS_FILE";
/// No word of a child is waited for longer than this.
const LIMIT: Duration = Duration::from_secs(60);

/// How a child reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Reads it as one does with bedplate.
    Ring,
    /// The same on the calling thread.
    Inline,
    /// Reads it as one does with the standard library.
    Std,
}

impl Work {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ring, Self::Inline, Self::Std];

    fn name(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Inline => "inline",
            Self::Std => "std",
        }
    }

    /// The sum of what is looked at.
    pub fn read(self, path: &Path, look: Look) -> io::Result<u64> {
        let backend = match self {
            Self::Ring => Backend::Uring,
            Self::Inline => Backend::Inline,
            Self::Std => return read_std(path, |block| look.at(block)),
        };
        let builder = DirectReader::builder().block_size(Pages::BLOCK).backend(backend).demand(Demand::Require);
        let mut reader = builder.open(path)?;
        let mut sum = 0_u64;
        while let Some(block) = reader.next_block()? {
            sum = sum.wrapping_add(look.at(&block));
        }
        Ok(sum)
    }
}

/// What a child looks at of each block that it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The number of its first page: that it is the right one, and no more.
    First,
    /// All its words.
    All,
}

impl Look {
    const ALL: [Self; 2] = [Self::First, Self::All];

    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::All => "all",
        }
    }

    /// The sum of what is looked at.
    pub fn at(self, block: &[u8]) -> u64 {
        let words = block.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word));
        match self {
            Self::First => words.take(1).sum(),
            Self::All => words.fold(0, u64::wrapping_add),
        }
    }
}

/// Where this process was started as a child: works until its parent hangs up.
pub fn child() -> Option<ExitCode> {
    let name = env::var_os(WORK)?;
    let work = Work::ALL.into_iter().find(|work| name == work.name());
    let look = env::var_os(LOOK).and_then(|name| Look::ALL.into_iter().find(|look| name == look.name()));
    let file = env::var_os(FILE).map(PathBuf::from);
    let (Some(work), Some(look), Some(file)) = (work, look, file) else {
        eprintln!("peers: {WORK} is for its own children");
        return Some(ExitCode::from(2));
    };
    match serve(work, look, &file) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("peers, reading by {}: {error}", work.name());
            Some(ExitCode::FAILURE)
        }
    }
}

/// Reads the file once for each line, and answers with the sum.
fn serve(work: Work, look: Look, file: &Path) -> io::Result<()> {
    let mut parent = io::stdout().lock();
    writeln!(parent, "ready")?;
    parent.flush()?;
    for line in io::stdin().lines() {
        line?;
        writeln!(parent, "{}", work.read(file, look)?)?;
        parent.flush()?;
    }
    Ok(())
}

/// A child that is ready to read.
pub struct Reader {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reader {
    /// Starts it, on the CPUs of the calling thread; `prepare` sees the command before.
    pub fn start(
        work: Work,
        look: Look,
        file: &Path,
        prepare: impl FnOnce(&mut Command) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command
            .env(WORK, work.name())
            .env(LOOK, look.name())
            .env(FILE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        prepare(&mut command)?;
        let mut process = command.spawn()?;
        let orders = process.stdin.take().expect("asked for above");
        let answers = BufReader::new(process.stdout.take().expect("asked for above"));
        let mut reader = Self { process, orders, answers };
        reader.hear()?;
        Ok(reader)
    }

    /// Has it read the file once: the sum that it found.
    pub fn read(&mut self) -> io::Result<u64> {
        self.orders.write_all(b"\n")?;
        self.hear()?.parse().map_err(io::Error::other)
    }

    /// Lets it end.
    pub fn end(mut self) -> io::Result<()> {
        drop(self.orders);
        match wait_bounded(&mut self.process, LIMIT)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(io::Error::other(format!("a reader ended with {status}"))),
            None => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// What it says next. It says one line at a time, and that whole.
    fn hear(&mut self) -> io::Result<String> {
        if !readable_within(self.answers.get_ref(), LIMIT)? {
            self.process.kill()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a reader takes too long"));
        }
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(io::Error::other("a reader ended before its work")),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
