//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

use crate::filter::Filter;

pub const HELP: &str = "\
Reads line-delimited records with O_DIRECT, parses, filters and enriches them on pinned
threads, and appends the survivors durably to a log that is then read back and verified.

usage: pipeline [OPTIONS] [FILE...]

  FILE               NDJSON or any text lines; - is standard input (read buffered)
                     none: writes its own events to a temporary file first

  --events N         how many events to write where no FILE is given   [2000000]
  --key FIELD        the field that is looked up in the cache; a text line's fields are
                     its NAME=VALUE words   [the first field's value, or the first word]
  --filter EXPR      keep records where FIELD=VALUE, FIELD!=VALUE, FIELD<N, <=, >, >=,
                     FIELD~TEXT (contains), or ~TEXT (anywhere in the line)    [all]
  --enrich-cost T    what a cache miss spins for: 20us, 1ms, 0                [20us]
  --max-line BYTES   longer lines are counted and reported, not kept         [65536]
  --threads N        parser threads, each pinned to a CPU, a core for each as long as
                     there are cores       [the allowed CPUs, or the quota of CPU time]
  --block BYTES      size of a read, a power of two, 4096 to 2097152        [131072]
  --log PATH         folder of the log, kept; appended to where it exists
                     [a temporary one, removed at the end]
  --acks FILE        write each acknowledged LSN to FILE, one a line
  --json FILE        write the figures to FILE too
  --compare          run the same work in plain std too, alternating, and print the ratio
  --rounds N         rounds of --compare                                        [3]
  --verify LOG       only read the log in folder LOG back and say what is in it
  --help             this text

exit status: 0 done, 1 failed (what was acknowledged is in the log), 2 wrong arguments,
130 interrupted (what was read before is in the log)
";

#[derive(Clone, Debug)]
pub struct Args {
    pub files: Vec<PathBuf>,
    pub events: u64,
    pub key: Option<String>,
    pub filter: Option<Filter>,
    pub enrich_cost: Duration,
    pub max_line: usize,
    pub threads: Option<usize>,
    pub block: usize,
    pub log: Option<PathBuf>,
    pub acks: Option<PathBuf>,
    pub json: Option<PathBuf>,
    pub compare: bool,
    pub rounds: usize,
    pub verify: Option<PathBuf>,
    pub help: bool,
}

impl Args {
    pub fn parse() -> Result<Self, lexopt::Error> {
        Self::parse_from(lexopt::Parser::from_env())
    }

    fn parse_from(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut args = Self {
            files: Vec::new(),
            events: 2_000_000,
            key: None,
            filter: None,
            enrich_cost: Duration::from_micros(20),
            max_line: 64 * 1024,
            threads: None,
            block: 128 * 1024,
            log: None,
            acks: None,
            json: None,
            compare: false,
            rounds: 3,
            verify: None,
            help: false,
        };
        while let Some(arg) = parser.next()? {
            match arg {
                Long("events") => args.events = at_least_one(&mut parser, "--events")?,
                Long("key") => args.key = Some(parser.value()?.string()?),
                Long("filter") => args.filter = Some(parser.value()?.string()?.parse::<Filter>()?),
                Long("enrich-cost") => args.enrich_cost = duration(&parser.value()?.string()?)?,
                Long("max-line") => args.max_line = at_least_one(&mut parser, "--max-line")? as usize,
                Long("threads") => args.threads = Some(at_least_one(&mut parser, "--threads")? as usize),
                Long("block") => {
                    args.block = at_least_one(&mut parser, "--block")? as usize;
                    if !args.block.is_power_of_two() || !(4096..=2 << 20).contains(&args.block) {
                        return Err("--block: want a power of two from 4096 to 2097152".into());
                    }
                }
                Long("log") => args.log = Some(parser.value()?.into()),
                Long("acks") => args.acks = Some(parser.value()?.into()),
                Long("json") => args.json = Some(parser.value()?.into()),
                Long("compare") => args.compare = true,
                Long("rounds") => args.rounds = at_least_one(&mut parser, "--rounds")? as usize,
                Long("verify") => args.verify = Some(parser.value()?.into()),
                Long("help") | Short('h') => args.help = true,
                Value(file) => args.files.push(file.into()),
                _ => return Err(arg.unexpected()),
            }
        }
        if args.compare && args.files.iter().any(|f| f.as_os_str() == "-") {
            return Err("--compare reads its input more than once: standard input cannot be".into());
        }
        if args.compare && args.log.is_some() {
            return Err("--compare writes several logs and keeps none: leave --log out".into());
        }
        Ok(args)
    }
}

fn at_least_one(parser: &mut lexopt::Parser, name: &str) -> Result<u64, lexopt::Error> {
    match parser.value()?.parse()? {
        0 => Err(format!("{name}: want at least 1").into()),
        n => Ok(n),
    }
}

/// `20us`, `1.5ms`, `2s`, `0`; a bare number is microseconds.
fn duration(text: &str) -> Result<Duration, lexopt::Error> {
    let wrong = || lexopt::Error::from(format!("--enrich-cost {text:?}: want a time such as 20us, 1ms or 0"));
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "ns" => 1e-9,
        "" | "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return Err(wrong()),
    };
    let number: f64 = digits.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}
