use std::error::Error;
use std::fmt;

use super::kind::Kind;

/// How much of the offending part is told.
const LONGEST_EXCERPT: usize = 40;

/// Text that describes no machine, for [`Topology::synthetic`](crate::topo::Topology::synthetic).
///
/// ```
/// use bedplate::topo::Topology;
///
/// let error = Topology::synthetic("core:4 pkg:2").unwrap_err();
/// assert_eq!((error.position(), error.text()), (7, "pkg:2"));
/// assert_eq!(error.to_string(), "`pkg:2` at byte 7 cannot be inside a core");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntheticError {
    reason: Reason,
    position: usize,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Nothing,
    NoType,
    NoCount,
    ZeroCount,
    Unclosed,
    NoAttribute(Kind),
    NoValue,
    Inside(Kind),
    JoinsNothing,
    TooManyCpus,
    TooManyNodes,
    NoCpu,
}

impl SyntheticError {
    pub(super) fn new(reason: Reason, position: usize, text: &str) -> Self {
        Self { reason, position, text: text.chars().take(LONGEST_EXCERPT).collect() }
    }

    /// The byte at which the offending part starts.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// The offending part, or the first 40 characters of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for SyntheticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            Reason::Nothing => return f.write_str("a machine without any level was described"),
            Reason::NoType => "is no level such as pkg, numa, l3, core or pu",
            Reason::NoCount => "has no count such as core:4, of at most 8192",
            Reason::ZeroCount => "is none of what there must be; only pu:0 right inside a numa may be",
            Reason::Unclosed => "is not closed",
            Reason::NoAttribute(kind) => {
                return write!(f, "`{}` at byte {} is no attribute of a {kind}", self.text, self.position);
            }
            Reason::NoValue => {
                "has no value that fits, such as memory=16GiB, size=32MiB, capacity=512 or siblings=last"
            }
            Reason::Inside(kind) => {
                return write!(f, "`{}` at byte {} cannot be inside a {kind}", self.text, self.position);
            }
            Reason::JoinsNothing => "is not between two levels of one type with the same levels around them",
            Reason::TooManyCpus => "makes more than 8192 CPUs",
            Reason::TooManyNodes => "makes more than 1024 memory nodes",
            Reason::NoCpu => "is a machine without any CPU",
        };
        write!(f, "`{}` at byte {} {what}", self.text, self.position)
    }
}

impl Error for SyntheticError {}
