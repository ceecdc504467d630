/// What a [`Uring`](super::Uring) really obtained of what it was asked for.
///
/// ```
/// use bedplate::{Demand, io::Uring};
///
/// # let Ok(_) = Uring::builder().build::<Vec<u8>>() else { return };
/// let ring = Uring::builder().registered(Demand::Off).build::<Vec<u8>>().unwrap();
/// assert!(!ring.effective().files && ring.effective().slabs == 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UringEffective {
    /// The kernel keeps a table of the registered files, which spares it to look for each operation's.
    pub files: bool,
    /// The slabs of pools that are registered with the kernel, which spares it to look for the pages of each operation.
    pub slabs: usize,
    /// Completions are left until the thread that submitted enters the kernel for some other reason, rather than
    /// interrupt it (Linux 5.19).
    pub cooperative: bool,
}
