//! What the two kinds of sets are made of.

use std::fmt;

use super::parse_set_error::{Kind, ParseSetError};

/// The largest number a set holds. Linux numbers at most 8,192 CPUs and 1,024 nodes; a set with this number in it takes
/// 128 KiB, so that no text makes one that takes gigabytes.
pub(super) const MAX_ID: usize = (1 << 20) - 1;

const BITS: usize = u64::BITS as usize;

/// A set of small numbers: bit `i` of word `w` stands for `64 * w + i`. The last word is never zero, so equal sets have
/// equal words.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(super) const fn new() -> Self {
        Self { words: Vec::new() }
    }

    pub(super) fn from_words(words: Vec<u64>) -> Self {
        let mut bits = Self { words };
        bits.trim();
        bits
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    fn trim(&mut self) {
        let used = self.words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        self.words.truncate(used);
    }

    pub(super) fn insert(&mut self, id: usize) -> bool {
        assert!(id <= MAX_ID, "{id} is larger than {MAX_ID}, the most that a set holds");
        let (word, bit) = (id / BITS, 1 << (id % BITS));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        new
    }

    pub(super) fn remove(&mut self, id: usize) -> bool {
        let was_in = self.contains(id);
        if was_in {
            self.words[id / BITS] &= !(1 << (id % BITS));
            self.trim();
        }
        was_in
    }

    pub(super) fn contains(&self, id: usize) -> bool {
        self.words.get(id / BITS).is_some_and(|word| word >> (id % BITS) & 1 == 1)
    }

    pub(super) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn last(&self) -> Option<usize> {
        let top = self.words.last()?;
        Some(self.words.len() * BITS - 1 - top.leading_zeros() as usize)
    }

    pub(super) fn iter(&self) -> Ids<'_> {
        Ids { current: self.words.first().copied().unwrap_or(0), base: 0, words: &self.words }
    }

    pub(super) fn union_with(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine |= theirs);
    }

    pub(super) fn intersect_with(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine &= theirs);
        self.trim();
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine &= !theirs);
        self.trim();
    }

    pub(super) fn is_disjoint(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).all(|(mine, theirs)| mine & theirs == 0)
    }

    pub(super) fn is_subset(&self, other: &Self) -> bool {
        self.words.len() <= other.words.len()
            && self.words.iter().zip(&other.words).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// Reads `0-3,8`. White space and NUL bytes around it do not count, and nothing is the empty set.
    pub(super) fn parse_list(text: &str) -> Result<Self, ParseSetError> {
        let mut bits = Self::new();
        for (position, item) in items(text) {
            let (first, last) = match item.split_once('-') {
                Some((first, last)) => (number(first, position)?, number(last, position + first.len() + 1)?),
                None => {
                    let id = number(item, position)?;
                    (id, id)
                }
            };
            if first > last {
                return Err(ParseSetError::new(Kind::Backwards, position, item));
            }
            (first..=last).for_each(|id| {
                bits.insert(id);
            });
        }
        Ok(bits)
    }

    /// Reads `ff,00000001`: words of 32 bits, the most significant first.
    pub(super) fn parse_mask(text: &str) -> Result<Self, ParseSetError> {
        let mut words = Vec::new();
        let items: Vec<_> = items(text).collect();
        for (i, (position, item)) in items.into_iter().rev().enumerate() {
            let digits = if item.len() <= 8 { u64::from_str_radix(item, 16).ok() } else { None };
            // from_str_radix takes a sign, which is no digit.
            let word = digits
                .filter(|_| item.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .ok_or_else(|| ParseSetError::new(Kind::NotAMaskWord, position, item))?;
            if word != 0 && i >= (MAX_ID + 1) / 32 {
                return Err(ParseSetError::new(Kind::TooLarge, position, item));
            }
            match i % 2 {
                0 => words.push(word),
                _ => words[i / 2] |= word << 32,
            }
        }
        Ok(Self::from_words(words))
    }

    pub(super) fn to_mask(&self) -> String {
        let halves = self.words.iter().rev().flat_map(|word| [word >> 32, word & 0xffff_ffff]);
        let mut halves = halves.skip_while(|half| *half == 0);
        let top = format!("{:x}", halves.next().unwrap_or(0));
        halves.fold(top, |mask, half| format!("{mask},{half:08x}"))
    }
}

/// As the kernel writes it: `0-3,8`.
impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ids = self.iter().peekable();
        let mut comma = "";
        while let Some(first) = ids.next() {
            let mut last = first;
            while let Some(next) = ids.next_if_eq(&(last + 1)) {
                last = next;
            }
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

/// The comma-separated items of `text` and where they start; none where there is only white space and NUL bytes.
fn items(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let blank = |c: char| c.is_ascii_whitespace() || c == '\0';
    let start = text.len() - text.trim_start_matches(blank).len();
    let body = text.trim_matches(blank);
    let mut position = start;
    let items = if body.is_empty() { None } else { Some(body.split(',')) };
    items.into_iter().flatten().map(move |item| {
        let at = position;
        position += item.len() + 1;
        (at, item)
    })
}

fn number(text: &str, position: usize) -> Result<usize, ParseSetError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseSetError::new(Kind::NotANumber, position, text));
    }
    // Digits alone fail to parse only where they overflow.
    text.parse().ok().filter(|id| *id <= MAX_ID).ok_or_else(|| ParseSetError::new(Kind::TooLarge, position, text))
}

/// The members of a [`CpuSet`](super::CpuSet) or [`NodeSet`](super::NodeSet), smallest first.
#[derive(Clone)]
pub struct Ids<'a> {
    /// What is left of the word at `base`.
    current: u64,
    base: usize,
    words: &'a [u64],
}

impl Iterator for Ids<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.current == 0 {
            self.base += BITS;
            self.current = *self.words.get(self.base / BITS)?;
        }
        let bit = self.current.trailing_zeros() as usize;
        self.current &= self.current - 1;
        Some(self.base + bit)
    }
}

impl fmt::Debug for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
