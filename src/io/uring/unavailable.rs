use std::error::Error;
use std::fmt;
use std::io;

/// There is no io_uring to be had: the inner error of the [`Unsupported`](io::ErrorKind::Unsupported) that
/// [`UringBuilder::build`](super::UringBuilder::build) answers.
///
/// ```
/// use bedplate::io::{Uring, UringUnavailable};
///
/// if let Err(error) = Uring::builder().build::<Vec<u8>>() {
///     let inner = error.get_ref().and_then(|e| e.downcast_ref::<UringUnavailable>());
///     assert!(inner.is_none_or(|refused| refused.cause().raw_os_error().is_some()));
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UringUnavailable {
    pub(super) errno: i32,
}

impl UringUnavailable {
    /// What the kernel said: `ENOSYS` where it has no io_uring, or a sandbox pretends that; `EPERM` where a sandbox, a
    /// security module or `kernel.io_uring_disabled` refuses it; `EINVAL` where it is older than Linux 5.11.
    #[must_use]
    pub fn cause(&self) -> io::Error {
        io::Error::from_raw_os_error(self.errno)
    }
}

impl fmt::Display for UringUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = match self.errno {
            libc::ENOSYS => "the kernel has none, or a sandbox such as a container's hides it",
            libc::EPERM | libc::EACCES => "a sandbox, a security module or kernel.io_uring_disabled refuses it",
            _ => "it needs Linux 5.11",
        };
        write!(f, "no io_uring here: {hint}: {}", self.cause())
    }
}

impl Error for UringUnavailable {}

impl From<UringUnavailable> for io::Error {
    fn from(error: UringUnavailable) -> Self {
        Self::new(io::ErrorKind::Unsupported, error)
    }
}
