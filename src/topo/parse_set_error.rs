use std::error::Error;
use std::fmt;

/// Text that is no set: neither a list such as `0-3,8` nor, where a mask was expected, hexadecimal words.
///
/// ```
/// use bedplate::topo::CpuSet;
///
/// let error = "0-3,x".parse::<CpuSet>().unwrap_err();
/// assert_eq!((error.position(), error.text()), (4, "x"));
/// assert_eq!(error.to_string(), "`x` at byte 4 is not a number");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSetError {
    kind: Kind,
    position: usize,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    NotANumber,
    NotAMaskWord,
    TooLarge,
    Backwards,
    NotAStride,
}

impl ParseSetError {
    pub(super) fn new(kind: Kind, position: usize, text: &str) -> Self {
        Self { kind, position, text: text.to_owned() }
    }

    /// The byte at which the offending part starts.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// The offending part.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ParseSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::NotANumber => "is not a number",
            Kind::NotAMaskWord => "is not a word of 1 to 8 hexadecimal digits",
            Kind::TooLarge => "is larger than a set can hold",
            Kind::Backwards => "runs backwards",
            Kind::NotAStride => "is not a stride such as 2/4",
        };
        write!(f, "`{}` at byte {} {what}", self.text, self.position)
    }
}

impl Error for ParseSetError {}
