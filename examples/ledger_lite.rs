//! A ledger that survives being killed. Threads transfer money between accounts, each transfer a record that is durable
//! before anybody sees the new balances. `ledger_lite --help` tells the commands; without one it shows the whole story:
//! it runs, is killed again and again, recovers, and counts the money.

use std::collections::HashSet;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use bedplate::io::{AppendLog, LogError, LogReader, Lsn};
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;

const HELP: &str = "\
usage: ledger_lite [COMMAND DIR] [OPTIONS]

commands, on the ledger in the folder DIR, which `run` makes where there is none:
  run        transfers money: --threads N (8), --transfers N for each thread (500; 0: without end),
             --acks to print `thread number` for each transfer that is durable
  kill-self  runs without end in a process of its own, kills it after --after MS (200) from its first
             transfer, and checks that each acknowledged one is there; --rounds N (1)
  recover    opens the ledger and prints what is there
  verify     reads all of it, changing nothing: checksums, order, and that no money came or went
without a command: all of them on a temporary ledger";

const ACCOUNTS: u32 = 64;
/// What each account begins with.
const OPENING: u64 = 1000;

type Failure = Box<dyn Error + Send + Sync>;

/// A transfer, as a record has it: 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Transfer {
    /// Which run of which thread made it, and its number in that: each is there once.
    thread: u64,
    number: u64,
    from: u32,
    to: u32,
    amount: u64,
}

impl Transfer {
    fn encode(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.thread.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.from.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.to.to_le_bytes());
        bytes[24..].copy_from_slice(&self.amount.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let half = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let transfer = Self { thread: word(0), number: word(8), from: half(16), to: half(20), amount: word(24) };
        (transfer.from < ACCOUNTS && transfer.to < ACCOUNTS).then_some(transfer)
    }
}

/// What the records come to, one after the other.
#[derive(Debug, Default)]
struct Books {
    balances: Vec<u64>,
    transfers: HashSet<(u64, u64)>,
    last: Lsn,
}

impl Books {
    fn read(mut reader: LogReader) -> Result<Self, Failure> {
        let mut books = Self::default();
        while let Some(record) = reader.next_record()? {
            books.enter(record.data).map_err(|what| format!("record {}: {what}", record.lsn))?;
            books.last = record.lsn;
        }
        // The accounts were opened by one batch: all of them, or none.
        if !books.balances.is_empty() && books.balances.len() != ACCOUNTS as usize {
            return Err(format!("{} of {ACCOUNTS} accounts", books.balances.len()).into());
        }
        Ok(books)
    }

    fn enter(&mut self, data: &[u8]) -> Result<(), String> {
        if let Ok(opening) = <[u8; 8]>::try_from(data) {
            self.balances.push(u64::from_le_bytes(opening));
            return Ok(());
        }
        let transfer = Transfer::decode(data).ok_or("not a record of this example")?;
        if !self.transfers.insert((transfer.thread, transfer.number)) {
            return Err(format!("{transfer:?} is there twice"));
        }
        if self.balances.len() != ACCOUNTS as usize {
            return Err(format!("{transfer:?} before the accounts"));
        }
        let from = &mut self.balances[transfer.from as usize];
        *from = from.checked_sub(transfer.amount).ok_or_else(|| format!("{transfer:?} of {from}"))?;
        self.balances[transfer.to as usize] += transfer.amount;
        Ok(())
    }

    /// No transfer makes money or loses any.
    fn assert_conserved(&self) {
        assert_eq!(self.balances.iter().sum::<u64>(), self.balances.len() as u64 * OPENING);
    }
}

struct Ledger {
    log: AppendLog,
    accounts: Vec<Mutex<u64>>,
    /// Distinct for each run.
    run: u64,
}

impl Ledger {
    fn open(dir: &Path) -> Result<Self, Failure> {
        // Small ones, so that the example has several.
        let log = AppendLog::options().segment_size(1 << 20).open(dir)?;
        let mut books = Books::read(log.reader()?)?;
        books.assert_conserved();
        if books.balances.is_empty() {
            books.balances = vec![OPENING; ACCOUNTS as usize];
            log.append_batch(books.balances.iter().map(|balance| balance.to_le_bytes()))?;
            log.flush()?;
        }
        let accounts = books.balances.into_iter().map(Mutex::new).collect();
        Ok(Self { run: log.next_lsn().get(), log, accounts })
    }

    /// Moves money, if there is enough. Both accounts are locked until the transfer is durable, so nobody acts upon money
    /// that a crash could take back; transfers of other accounts share the write.
    fn transfer(&self, transfer: Transfer) -> Result<bool, LogError> {
        let lock = |account: u32| self.accounts[account as usize].lock().expect("nobody panics with an account");
        // In one order, whichever way the money goes, so that no two wait for each other.
        let low = transfer.from.min(transfer.to);
        let (mut low_balance, mut high_balance) = (lock(low), lock(transfer.from.max(transfer.to)));
        let (from, to) = match transfer.from == low {
            true => (&mut *low_balance, &mut *high_balance),
            false => (&mut *high_balance, &mut *low_balance),
        };
        if *from < transfer.amount {
            return Ok(false);
        }
        self.log.append_durable(&transfer.encode())?;
        *from -= transfer.amount;
        *to += transfer.amount;
        Ok(true)
    }

    /// What one thread does: `transfers` transfers, or transfers without end.
    fn work(&self, thread: u64, transfers: u64, acks: bool) -> Result<(), Failure> {
        let thread = self.run << 8 | thread;
        let mut state = thread;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut number = 0;
        while transfers == 0 || number < transfers {
            let from = random(u64::from(ACCOUNTS)) as u32;
            let to = (from + 1 + random(u64::from(ACCOUNTS) - 1) as u32) % ACCOUNTS;
            if self.transfer(Transfer { thread, number, from, to, amount: 1 + random(100) })? {
                if acks {
                    // One write, so that lines are whole.
                    io::stdout().write_all(format!("{thread} {number}\n").as_bytes())?;
                }
                number += 1;
            }
        }
        Ok(())
    }
}

fn run(dir: &Path, threads: u64, transfers: u64, acks: bool) -> Result<(), Failure> {
    let ledger = Ledger::open(dir)?;
    let start = Instant::now();
    thread::scope(|s| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let ledger = &ledger;
                s.spawn(move || ledger.work(thread, transfers, acks))
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("the threads do not panic"))
    })?;
    let stats = ledger.log.stats();
    let (count, commits, frames) = (threads * transfers, stats.commits, stats.frames);
    eprintln!("{count} transfers by {threads} threads in {:.1?}: {commits} commits, {frames} writes", start.elapsed());
    ledger.log.close()?;
    Ok(())
}

/// Runs this program again, kills it, and looks whether all that it acknowledged is there.
fn kill_self(dir: &Path, threads: u64, after: Duration) -> Result<(), Failure> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("run")
        .arg(dir)
        .args(["--transfers", "0", "--acks", "--threads", &threads.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
    let first = lines.next();
    let reader = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    thread::sleep(after);
    child.kill()?;
    child.wait()?;
    let mut lines = reader.join().expect("it only reads");
    lines.extend(first.transpose()?);

    let acknowledged: HashSet<(u64, u64)> = lines
        .iter()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(thread, number)| Some((thread.parse().ok()?, number.parse().ok()?)))
        .collect();
    if acknowledged.is_empty() {
        return Err("the run ended before its first transfer".into());
    }
    let log = AppendLog::options().open(dir)?;
    let books = Books::read(log.reader()?)?;
    books.assert_conserved();
    let missing = acknowledged.difference(&books.transfers).count();
    assert_eq!(missing, 0, "acknowledged transfers are missing");
    println!(
        "killed after {} acknowledged transfers: all of them are among the {} that are there; {} torn frames",
        acknowledged.len(),
        books.transfers.len(),
        log.recovery().torn_frames
    );
    Ok(())
}

fn recover(dir: &Path) -> Result<(), Failure> {
    let start = Instant::now();
    let log = AppendLog::options().open(dir)?;
    let books = Books::read(log.reader()?)?;
    books.assert_conserved();
    let (recovery, took) = (log.recovery(), start.elapsed());
    println!("{} transfers, up to record {}, read in {took:.1?}", books.transfers.len(), books.last);
    println!("{} torn frames of {} bytes were done away with", recovery.torn_frames, recovery.torn_tail_bytes);
    for (account, balance) in books.balances.iter().enumerate().take(4) {
        println!("account {account:2}: {balance:5}");
    }
    println!("all {}: {:5}", books.balances.len(), books.balances.iter().sum::<u64>());
    log.close()?;
    Ok(())
}

fn verify(dir: &Path) -> Result<(), Failure> {
    let report = AppendLog::verify(dir)?;
    let books = Books::read(LogReader::open(dir)?)?;
    books.assert_conserved();
    assert_eq!(report.last.unwrap_or(Lsn::ZERO), books.last);
    println!("{} records in {} segments are whole, and no money is missing", report.records, report.segments);
    Ok(())
}

/// The whole story, on a ledger that is removed afterwards.
fn demonstrate() -> Result<(), Failure> {
    let dir = std::env::temp_dir().join(format!("ledger_lite-{}", std::process::id()));
    let story = || {
        run(&dir, 8, 200, false)?;
        (1..=4).try_for_each(|round| kill_self(&dir, 8, Duration::from_millis(80 * round)))?;
        recover(&dir)?;
        run(&dir, 8, 200, false)?;
        verify(&dir)
    };
    let told = story();
    std::fs::remove_dir_all(&dir)?;
    told
}

/// What the command line says.
struct Asked {
    command: String,
    dir: PathBuf,
    threads: u64,
    transfers: u64,
    acks: bool,
    after: u64,
    rounds: u64,
}

/// `None` where help is asked for or nothing.
fn asked() -> Result<Option<Asked>, lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let (mut command, mut dir) = (None, None);
    let (mut threads, mut transfers, mut acks, mut after, mut rounds) = (8, 500, false, 200, 1);
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            Long("threads") => threads = parser.value()?.parse()?,
            Long("transfers") => transfers = parser.value()?.parse()?,
            Long("acks") => acks = true,
            Long("after") => after = parser.value()?.parse()?,
            Long("rounds") => rounds = parser.value()?.parse()?,
            Value(value) if command.is_none() => command = Some(value.string()?),
            Value(value) if dir.is_none() => dir = Some(PathBuf::from(value)),
            other => return Err(other.unexpected()),
        }
    }
    if !(1..=256).contains(&threads) {
        return Err("1 to 256 threads".into());
    }
    match (command, dir) {
        (Some(command), Some(dir)) if ["run", "kill-self", "recover", "verify"].contains(&&*command) => {
            Ok(Some(Asked { command, dir, threads, transfers, acks, after, rounds }))
        }
        (Some(command), _) => Err(format!("no command `{command}` with a folder").into()),
        (None, _) => Err("options without a command".into()),
    }
}

fn main() -> ExitCode {
    if std::env::args_os().len() == 1 {
        return done(demonstrate());
    }
    match asked() {
        Ok(Some(asked)) => done(obey(&asked)),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ledger_lite: {error}; --help tells more");
            ExitCode::from(2)
        }
    }
}

fn obey(asked: &Asked) -> Result<(), Failure> {
    let dir = &asked.dir;
    if asked.command != "run" && asked.command != "kill-self" && !dir.is_dir() {
        return Err(format!("no ledger in {}", dir.display()).into());
    }
    match &*asked.command {
        "run" => run(dir, asked.threads, asked.transfers, asked.acks),
        "kill-self" => {
            (0..asked.rounds).try_for_each(|_| kill_self(dir, asked.threads, Duration::from_millis(asked.after)))
        }
        "recover" => recover(dir),
        _ => verify(dir),
    }
}

fn done(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ledger_lite: {error}");
            ExitCode::FAILURE
        }
    }
}
