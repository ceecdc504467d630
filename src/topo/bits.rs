//! What the two kinds of sets are made of.

use std::fmt;

use super::parse_set_error::{Kind, ParseSetError};
use super::words::Words;
use super::{Ids, Ranges};

/// The largest number a set holds. Linux numbers at most 8,192 CPUs and 1,024 nodes; a set with this number in it takes
/// 128 KiB, so that no text makes one that takes gigabytes.
pub(super) const MAX_ID: usize = (1 << 20) - 1;

const BITS: usize = u64::BITS as usize;

/// A set of small numbers: bit `i` of word `w` stands for `64 * w + i`. The words are trimmed after each change, so equal
/// sets are equal whatever their history.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Bits {
    words: Words,
}

impl Bits {
    pub(super) const fn new() -> Self {
        Self { words: Words::new() }
    }

    pub(super) fn from_words(words: &[u64]) -> Self {
        Self { words: words.into() }
    }

    #[inline]
    pub(super) fn words(&self) -> &[u64] {
        self.words.as_slice()
    }

    #[inline]
    pub(super) fn insert(&mut self, id: usize) -> bool {
        assert_holds(id);
        let (word, bit) = (id / BITS, 1 << (id % BITS));
        self.words.reserve(word + 1);
        let word = &mut self.words.room()[word];
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Adds all from `first` to `last`; none where `first` is the larger.
    pub(super) fn insert_range(&mut self, first: usize, last: usize) {
        if first > last {
            return;
        }
        assert_holds(last);
        let (low, high) = (first / BITS, last / BITS);
        self.words.reserve(high + 1);
        let words = &mut self.words.room()[low..=high];
        let (from_first, to_last) = (u64::MAX << (first % BITS), u64::MAX >> (BITS - 1 - last % BITS));
        match words {
            [word] => *word |= from_first & to_last,
            [first, middle @ .., last] => {
                *first |= from_first;
                middle.fill(u64::MAX);
                *last |= to_last;
            }
            [] => {}
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, id: usize) -> bool {
        let was_in = self.contains(id);
        if was_in {
            self.words.room()[id / BITS] &= !(1 << (id % BITS));
            self.words.trim();
        }
        was_in
    }

    #[inline]
    pub(super) fn contains(&self, id: usize) -> bool {
        self.words().get(id / BITS).is_some_and(|word| word >> (id % BITS) & 1 == 1)
    }

    pub(super) fn clear(&mut self) {
        self.words.truncate(0);
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        // `keep` may panic: nothing changes before it has seen all.
        let mut kept = Self::new();
        self.iter().filter(|id| keep(*id)).for_each(|id| {
            kept.insert(id);
        });
        *self = kept;
    }

    pub(super) fn len(&self) -> usize {
        self.words().iter().map(|word| word.count_ones() as usize).sum()
    }

    #[inline]
    pub(super) fn last(&self) -> Option<usize> {
        let words = self.words();
        let top = words.last()?;
        Some(words.len() * BITS - 1 - top.leading_zeros() as usize)
    }

    /// The member that has `n` smaller ones.
    pub(super) fn nth(&self, mut n: usize) -> Option<usize> {
        for (i, word) in self.words().iter().enumerate() {
            let ones = word.count_ones() as usize;
            if n < ones {
                let above = (0..n).fold(*word, |word, _| word & (word - 1));
                return Some(i * BITS + above.trailing_zeros() as usize);
            }
            n -= ones;
        }
        None
    }

    #[inline]
    pub(super) fn iter(&self) -> Ids<'_> {
        Ids::new(self.words())
    }

    pub(super) fn ranges(&self) -> Ranges<'_> {
        Ranges::new(self.iter())
    }

    pub(super) fn union_with(&mut self, other: &Self) {
        let theirs = other.words();
        self.words.reserve(theirs.len());
        self.words.room().iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine |= theirs);
    }

    pub(super) fn intersect_with(&mut self, other: &Self) {
        let theirs = other.words();
        self.words.truncate(theirs.len());
        self.words.room().iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine &= theirs);
        self.words.trim();
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.words.room().iter_mut().zip(other.words()).for_each(|(mine, theirs)| *mine &= !theirs);
        self.words.trim();
    }

    pub(super) fn toggle_with(&mut self, other: &Self) {
        let theirs = other.words();
        self.words.reserve(theirs.len());
        self.words.room().iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine ^= theirs);
        self.words.trim();
    }

    pub(super) fn is_disjoint(&self, other: &Self) -> bool {
        self.words().iter().zip(other.words()).all(|(mine, theirs)| mine & theirs == 0)
    }

    pub(super) fn is_subset(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.words(), other.words());
        mine.len() <= theirs.len() && mine.iter().zip(theirs).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// Reads `0-3,8` and, as the kernel does, `0-31:2/4`: the first 2 of each 4. White space and NUL bytes around the items
    /// do not count, and nothing is the empty set.
    pub(super) fn parse_list(text: &str) -> Result<Self, ParseSetError> {
        let mut bits = Self::new();
        for (position, item) in items(text) {
            let Some((first, rest)) = item.split_once('-') else {
                bits.insert(number(item, position)?);
                continue;
            };
            let rest_at = position + first.len() + 1;
            let (last, stride) = match rest.split_once(':') {
                Some((last, stride)) => (last, Some((stride, rest_at + last.len() + 1))),
                None => (rest, None),
            };
            let (first, last) = (number(first, position)?, number(last, rest_at)?);
            if first > last {
                return Err(ParseSetError::new(Kind::Backwards, position, item));
            }
            match stride {
                None => bits.insert_range(first, last),
                Some((stride, at)) => {
                    let (used, group) = self::stride(stride, at)?;
                    for start in (first..=last).step_by(group).filter(|_| used > 0) {
                        bits.insert_range(start, last.min(start + used - 1));
                    }
                }
            }
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
        Ok(Self::from_words(&words))
    }

    fn write_list(&self, to: &mut impl fmt::Write) -> fmt::Result {
        let mut comma = "";
        for range in self.ranges() {
            let (first, last) = range.into_inner();
            match last - first {
                0 => write!(to, "{comma}{first}")?,
                _ => write!(to, "{comma}{first}-{last}")?,
            }
            comma = ",";
        }
        Ok(())
    }

    pub(super) fn to_mask(&self) -> String {
        let halves = self.words().iter().rev().flat_map(|word| [word >> 32, word & 0xffff_ffff]);
        let mut halves = halves.skip_while(|half| *half == 0);
        let top = format!("{:x}", halves.next().unwrap_or(0));
        halves.fold(top, |mask, half| format!("{mask},{half:08x}"))
    }
}

/// As the kernel writes it: `0-3,8`.
impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.width().or(f.precision()) {
            None => self.write_list(f),
            Some(_) => {
                let mut text = String::new();
                self.write_list(&mut text)?;
                f.pad(&text)
            }
        }
    }
}

#[track_caller]
fn assert_holds(id: usize) {
    assert!(id <= MAX_ID, "{id} is larger than {MAX_ID}, the most that a set holds");
}

/// The comma-separated items of `text` and where they start, without the white space around them; none where there is only
/// white space and NUL bytes.
fn items(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let blank = |c: char| c.is_ascii_whitespace() || c == '\0';
    let start = text.len() - text.trim_start_matches(blank).len();
    let body = text.trim_matches(blank);
    let mut position = start;
    let items = if body.is_empty() { None } else { Some(body.split(',')) };
    items.into_iter().flatten().map(move |item| {
        let at = position + (item.len() - item.trim_ascii_start().len());
        position += item.len() + 1;
        (at, item.trim_ascii())
    })
}

fn number(text: &str, position: usize) -> Result<usize, ParseSetError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseSetError::new(Kind::NotANumber, position, text));
    }
    // Digits alone fail to parse only where they overflow.
    text.parse().ok().filter(|id| *id <= MAX_ID).ok_or_else(|| ParseSetError::new(Kind::TooLarge, position, text))
}

/// `2/4`: how many of each group, and how many a group has.
fn stride(text: &str, position: usize) -> Result<(usize, usize), ParseSetError> {
    let refused = || ParseSetError::new(Kind::NotAStride, position, text);
    let (used, group) = text.split_once('/').ok_or_else(refused)?;
    let (used, group) = (number(used, position)?, number(group, position + used.len() + 1)?);
    if group == 0 || used > group { Err(refused()) } else { Ok((used, group)) }
}
