/// What became of a child, from [`Signal::child`](super::Signal::child).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildChange {
    /// It ended with this exit code.
    Exited(i32),
    /// A signal of this number ended it.
    Killed(i32),
    /// A signal of this number ended it, and it left a core dump.
    Dumped(i32),
    /// A signal of this number stopped it.
    Stopped(i32),
    /// It stopped for its tracer, with this signal.
    Trapped(i32),
    /// It goes on.
    Continued,
}
