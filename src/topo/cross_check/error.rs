use std::error::Error;
use std::fmt;

use super::view::MAJOR;

/// hwloc could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrossCheckError {
    /// The library that was loaded is not of version 2, so its structures are not those this was compiled for.
    Version {
        /// The major version that was loaded.
        major: u32,
    },
    /// The library could not read the machine.
    Load,
}

impl fmt::Display for CrossCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { major } => write!(f, "hwloc has major version {major}, not {MAJOR}"),
            Self::Load => f.write_str("hwloc could not read the machine"),
        }
    }
}

impl Error for CrossCheckError {}
