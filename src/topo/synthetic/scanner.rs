use super::attributes::Attributes;
use super::kind::Kind;
use super::synthetic_error::{Reason, SyntheticError};

/// The most of anything in one level.
const MOST: u64 = 8192;

/// One level of a description: `core:4(capacity=512)`.
#[derive(Debug)]
pub(super) struct Level<'a> {
    pub(super) kind: Kind,
    pub(super) count: u64,
    pub(super) attributes: Attributes,
    /// A `+` before it: it stands beside the last level of its kind, and not inside the one before.
    pub(super) is_beside: bool,
    position: usize,
    text: &'a str,
}

impl Level<'_> {
    pub(super) fn error(&self, reason: Reason) -> SyntheticError {
        SyntheticError::new(reason, self.position, self.text)
    }
}

/// Reads the levels of a description, in the order in which they stand there.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next level; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Level<'a>>, SyntheticError> {
        self.skip(|byte| byte.is_ascii_whitespace());
        let plus = self.at;
        let is_beside = self.take(b'+');
        if is_beside {
            self.skip(|byte| byte.is_ascii_whitespace());
        }
        if self.at == self.text.len() {
            return if is_beside { Err(SyntheticError::new(Reason::JoinsNothing, plus, "+")) } else { Ok(None) };
        }
        let start = self.at;
        let fail = |reason, text| Err(SyntheticError::new(reason, start, text));
        self.skip(|byte| !byte.is_ascii_whitespace() && !b":+()".contains(&byte));
        let Some(kind) = Kind::of_name(&self.text[start..self.at]) else {
            self.skip(|byte| !byte.is_ascii_whitespace());
            return fail(Reason::NoType, &self.text[start..self.at]);
        };
        let colon = self.take(b':');
        let digits = self.at;
        self.skip(|byte| byte.is_ascii_digit());
        let count = self.text[digits..self.at].parse().ok().filter(|count| colon && *count <= MOST);
        let ends_here = self.peek().is_none_or(|byte| byte.is_ascii_whitespace() || b"+(".contains(&byte));
        let Some(count) = count.filter(|_| ends_here) else {
            self.skip(|byte| !byte.is_ascii_whitespace());
            return fail(Reason::NoCount, &self.text[start..self.at]);
        };
        let attributes = self.attributes(kind)?;
        Ok(Some(Level { kind, count, attributes, is_beside, position: start, text: &self.text[start..self.at] }))
    }

    /// `(memory=16GiB)`, if that comes next: with white space or commas between several.
    fn attributes(&mut self, kind: Kind) -> Result<Attributes, SyntheticError> {
        let mut attributes = Attributes::default();
        let open = self.at;
        if !self.take(b'(') {
            return Ok(attributes);
        }
        loop {
            self.skip(|byte| byte.is_ascii_whitespace() || byte == b',');
            if self.take(b')') {
                return Ok(attributes);
            }
            let start = self.at;
            self.skip(|byte| !byte.is_ascii_whitespace() && !b",)".contains(&byte));
            if self.at == self.text.len() {
                return Err(SyntheticError::new(Reason::Unclosed, open, &self.text[open..]));
            }
            let text = &self.text[start..self.at];
            attributes.set(kind, text).map_err(|reason| SyntheticError::new(reason, start, text))?;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Goes on to the first byte that is another. What stops it is ASCII, so that no character is cut.
    fn skip(&mut self, skips: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&skips) {
            self.at += 1;
        }
    }
}
