/// Why a [`Cache`](super::Cache) let an entry go that no caller was given.
///
/// ```
/// use bedplate::cache::{Cache, Cause};
/// use std::sync::mpsc;
///
/// let (tell, heard) = mpsc::channel();
/// let cache = Cache::builder(1).listener(move |key, value, cause| _ = tell.send((key, value, cause))).build();
/// cache.insert("a", 1);
/// cache.insert("b", 2);
/// assert_eq!(heard.recv(), Ok(("a", 1, Cause::Evicted)));
/// assert_eq!(cache.remove("b"), Some(2)); // given to the caller
/// assert!(heard.try_recv().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// To make room: [by policy](super#the-policy).
    Evicted,
    /// Its time was over, or never began: it was stored for no time at all.
    Expired,
    /// By [`retain`](super::Cache::retain), [`invalidate_all`](super::Cache::invalidate_all) or
    /// [`Compute::Remove`](super::Compute::Remove).
    Invalidated,
    /// A load or a [`compute`](super::Cache::compute) has put another value in its place.
    Replaced,
    /// It never was in: alone it is heavier than the whole cache.
    TooHeavy,
}
