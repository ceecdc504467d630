//! Who may make the transfers of a reader or writer.

use bedplate::io::Backend;

/// Where io_uring is refused, its readers and writers are as those of `Inline`.
pub const BACKENDS: &[Backend] = &[
    Backend::Inline,
    Backend::Threads(1),
    Backend::Threads(3),
    #[cfg(feature = "io-uring")]
    Backend::Uring,
];
