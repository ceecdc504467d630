use crate::machine::Machine;

/// A name, and what panics where it does not hold. Runs in a thread of its own.
pub type Case = (&'static str, fn());

/// A guest, and the cases that run there one after the other.
pub struct Scenario {
    pub name: &'static str,
    pub machine: &'static Machine,
    /// What the kernel is told.
    pub kernel: &'static str,
    pub cases: &'static [&'static [Case]],
}
