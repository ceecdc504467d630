/// What becomes of an object that comes back to its [`ObjectPool`](super::ObjectPool).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recycle {
    /// It waits in the pool for the next user.
    Keep,
    /// It is dropped, and its place in the bound is free for a new one.
    Discard,
}
