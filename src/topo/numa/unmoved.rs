use std::fmt;

/// Why the kernel did not move a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unmoved {
    /// The kernel itself was using it, as for I/O or where it is pinned or locked: worth another try.
    Busy,
    /// Other processes have it too, as after a fork or in shared memory.
    Shared,
    /// The node has no memory left.
    NoMemory,
    /// Another reason, by the kernel's error number; 0 where it gave none, as it does where an attempt that it had
    /// begun came to nothing.
    Other(i32),
}

impl fmt::Display for Unmoved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("in use by the kernel"),
            Self::Shared => f.write_str("in use by other processes"),
            Self::NoMemory => f.write_str("no memory on the node"),
            Self::Other(0) => f.write_str("for no reason given"),
            Self::Other(error) => write!(f, "{}", std::io::Error::from_raw_os_error(*error)),
        }
    }
}
