//! Who moves the blocks of a stream.

use bedplate::io::Backend;

/// One of each kind.
pub fn backends() -> Vec<Backend> {
    let backends = [
        Backend::Inline,
        Backend::Threads(2),
        #[cfg(feature = "io-uring")]
        Backend::Uring,
    ];
    backends.to_vec()
}
