use std::error::Error;
use std::fmt;

use crate::topo::ParseSetError;

/// A text is no [`MemPolicy`](super::MemPolicy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePolicyError(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    NoPolicy,
    NoNodes,
    OneNode,
    TakesNoNodes,
    Set(ParseSetError),
}

impl ParsePolicyError {
    pub(super) fn no_policy() -> Self {
        Self(Kind::NoPolicy)
    }

    pub(super) fn no_nodes() -> Self {
        Self(Kind::NoNodes)
    }

    pub(super) fn one_node() -> Self {
        Self(Kind::OneNode)
    }

    pub(super) fn takes_no_nodes() -> Self {
        Self(Kind::TakesNoNodes)
    }
}

impl fmt::Display for ParsePolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::NoPolicy => f.write_str(
                "not one of default, local, bind:0-1, preferred:0, preferred-many:0-1, interleave:0-1, \
                 weighted-interleave:0-1",
            ),
            Kind::NoNodes => f.write_str("the policy needs a node"),
            Kind::OneNode => f.write_str("this policy takes one node, and preferred-many takes several"),
            Kind::TakesNoNodes => f.write_str("this policy takes no nodes"),
            Kind::Set(error) => write!(f, "the nodes: {error}"),
        }
    }
}

impl Error for ParsePolicyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Set(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ParseSetError> for ParsePolicyError {
    fn from(error: ParseSetError) -> Self {
        Self(Kind::Set(error))
    }
}
