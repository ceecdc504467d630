//! What one line says: its key, whether it passes the filter, or what is wrong with it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::filter::Filter;

/// How the lines of a file are read. Told from the first byte of the file that is not white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Words; `name=value` words are fields.
    Text,
}

impl Format {
    pub fn of(start: &[u8]) -> Self {
        match start.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'{') => Self::Json,
            _ => Self::Text,
        }
    }
}

/// Why a line is not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    InvalidUtf8,
    TooLong,
    Malformed,
    NoKey,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::TooLong => "longer than --max-line",
            Self::Malformed => "not a JSON object",
            Self::NoKey => "without the key",
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Which of the input files.
    pub file: usize,
    /// Where the line starts in it, in bytes.
    pub offset: u64,
    pub kind: FaultKind,
}

/// Faults are all counted; this many a thread are kept for the report.
const FAULTS_KEPT: usize = 16;

/// What became of the lines. `lines` is the sum of all the others.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub lines: u64,
    pub kept: u64,
    pub filtered: u64,
    pub blank: u64,
    pub invalid_utf8: u64,
    pub too_long: u64,
    pub malformed: u64,
    pub no_key: u64,
    pub faults: Vec<Fault>,
}

impl Tally {
    pub fn fault(&mut self, fault: Fault) {
        self.lines += 1;
        match fault.kind {
            FaultKind::InvalidUtf8 => self.invalid_utf8 += 1,
            FaultKind::TooLong => self.too_long += 1,
            FaultKind::Malformed => self.malformed += 1,
            FaultKind::NoKey => self.no_key += 1,
        }
        if self.faults.len() < FAULTS_KEPT {
            self.faults.push(fault);
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.lines += other.lines;
        self.kept += other.kept;
        self.filtered += other.filtered;
        self.blank += other.blank;
        self.invalid_utf8 += other.invalid_utf8;
        self.too_long += other.too_long;
        self.malformed += other.malformed;
        self.no_key += other.no_key;
        self.faults.extend(other.faults);
        self.faults.sort_unstable_by_key(|f| (f.file, f.offset));
        self.faults.truncate(FAULTS_KEPT);
    }
}

/// Whole lines of one file, and where they stand in it.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    pub bytes: &'a [u8],
    pub file: usize,
    pub offset: u64,
    pub format: Format,
}

/// Reads lines; the same one serves the pipeline, its std counterpart and the measure of parsing alone.
#[derive(Clone, Debug)]
pub struct Parser {
    /// The field that holds the key; the first word, or the first field's value, where none is named.
    pub key: Option<String>,
    pub filter: Option<Filter>,
    pub max_line: usize,
}

/// What a line that is a record says.
struct Record<'a> {
    key: &'a str,
    passes: bool,
}

impl Parser {
    /// Reads every line and hands the key and the text of those that pass to `keep`.
    pub fn parse(&self, lines: Lines<'_>, tally: &mut Tally, mut keep: impl FnMut(&str, &str)) {
        // One check of the whole block is cheaper than one a line; only a block with a fault is checked by line.
        let whole = std::str::from_utf8(lines.bytes).ok();
        let mut start = 0;
        while start < lines.bytes.len() {
            let length = memchr::memchr(b'\n', &lines.bytes[start..]).unwrap_or(lines.bytes.len() - start);
            let at = start..start + length;
            let offset = lines.offset + start as u64;
            start += length + 1;

            let mut fault = |kind| tally.fault(Fault { file: lines.file, offset, kind });
            if length > self.max_line {
                fault(FaultKind::TooLong);
                continue;
            }
            let text = match whole {
                Some(whole) => &whole[at],
                None => match std::str::from_utf8(&lines.bytes[at]) {
                    Ok(text) => text,
                    Err(_) => {
                        fault(FaultKind::InvalidUtf8);
                        continue;
                    }
                },
            };
            let text = text.strip_suffix('\r').unwrap_or(text);
            if text.trim_ascii().is_empty() {
                tally.lines += 1;
                tally.blank += 1;
                continue;
            }
            match self.read(text, lines.format) {
                Err(kind) => fault(kind),
                Ok(record) if record.passes => {
                    tally.lines += 1;
                    tally.kept += 1;
                    keep(record.key, text);
                }
                Ok(_) => {
                    tally.lines += 1;
                    tally.filtered += 1;
                }
            }
        }
    }

    fn read<'a>(&self, line: &'a str, format: Format) -> Result<Record<'a>, FaultKind> {
        match format {
            Format::Json => self.read_json(line),
            Format::Text => self.read_text(line),
        }
    }

    fn read_json<'a>(&self, line: &'a str) -> Result<Record<'a>, FaultKind> {
        let mut json = serde_json::Deserializer::from_str(line);
        let (key, passes) = ObjectSeed(self).deserialize(&mut json).map_err(|_| FaultKind::Malformed)?;
        json.end().map_err(|_| FaultKind::Malformed)?;
        let passes = match &self.filter {
            Some(filter) if filter.field.is_none() => filter.accepts(line),
            Some(_) => passes,
            None => true,
        };
        Ok(Record { key: key.ok_or(FaultKind::NoKey)?, passes })
    }

    fn read_text<'a>(&self, line: &'a str) -> Result<Record<'a>, FaultKind> {
        let field =
            |name: &str| line.split_ascii_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let key = match &self.key {
            Some(name) => field(name),
            None => line.split_ascii_whitespace().next(),
        };
        let passes = match &self.filter {
            Some(filter) => match &filter.field {
                Some(name) => field(name).is_some_and(|value| filter.accepts(value)),
                None => filter.accepts(line),
            },
            None => true,
        };
        Ok(Record { key: key.ok_or(FaultKind::NoKey)?, passes })
    }
}

/// Walks one JSON object, checks all of it, and takes the key's value and the filter's verdict out without copying.
struct ObjectSeed<'p>(&'p Parser);

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = (Option<&'de str>, bool);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = (Option<&'de str>, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut key = None;
        let mut passes = false;
        while let Some(name) = map.next_key_seed(NameSeed(self.0, key.is_none()))? {
            if !name.is_key && !name.is_filter {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = unquoted(map.next_value::<&RawValue>()?);
            if name.is_key {
                key = Some(value);
            }
            if name.is_filter {
                passes = self.0.filter.as_ref().is_some_and(|filter| filter.accepts(value));
            }
        }
        Ok((key, passes))
    }
}

/// A string's text as it stands between its quotes, anything else as it stands.
fn unquoted(value: &RawValue) -> &str {
    let text = value.get();
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text)
}

/// Compares a field's name with the two that are looked for, without copying it.
struct NameSeed<'p>(&'p Parser, bool);

struct Name {
    is_key: bool,
    is_filter: bool,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        let Self(parser, first) = self;
        Ok(Name {
            is_key: parser.key.as_ref().map_or(first, |key| key == name),
            is_filter: parser.filter.as_ref().is_some_and(|f| f.field.as_deref() == Some(name)),
        })
    }
}
