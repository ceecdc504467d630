//! POSIX signals in batches, without a handler that runs between two instructions, and without a runtime.
//!
//! ```text
//! SignalSet ── block() ──▶ BlockedSignals      in main, before any thread is made: threads inherit the mask
//!     │
//!     └── SignalBatcher::builder(set) ── build() ──▶ next_batch()      up to 50 signals or 10 ms after the first
//!                                     └─ spawn() ──▶ the same, handed to a closure by a thread
//! ```
//!
//! A blocked signal is kept by the kernel until somebody reads it from a `signalfd(2)`, and that is all a
//! [`SignalBatcher`] does. So nothing here runs in a signal handler, and handlers of other signals are left alone.
//!
//! # Blocked in every thread
//!
//! The kernel hands a signal to any thread that does not block it, past the batcher and with the default action: for
//! most signals, the end of the process. So all threads have to block all signals of the set.
//! [`build`](SignalBatcherBuilder::build) looks at the mask of each thread (`/proc/self/task/*/status`) and refuses,
//! naming those that do not; [`recheck`](SignalBatcher::recheck) looks again, for threads that came later. Both see one
//! moment: a thread that unblocks a signal afterwards, or an instant before it starts another one, is not seen.
//!
//! Programs started by a process inherit its mask too. [`SignalSet::unblock_in_child`] gives them theirs back; without
//! it, a child started by `std::process::Command` does not end on the `SIGTERM` that its parent blocks.
//!
//! # What may be lost
//!
//! | signals | pending at most | beyond that |
//! |---|---|---|
//! | standard (`SIGTERM`, `SIGUSR1`, `SIGCHLD`) | one of each | the kernel drops the later one without a word to anybody |
//! | real-time ([`Signo::rt`]), sent by [`queue`](Signo::queue) | `RLIMIT_SIGPENDING`, of all processes of the user | the sender gets `EAGAIN` and knows |
//! | real-time, sent by [`send`](Signo::send) (`kill`) | the same | one of each is kept, without its information |
//!
//! The first is how Unix works: a standard signal says "at least once". [`SignalBatch::possible_loss`] reports all
//! three as far as they can be seen from here.
//!
//! # Order
//!
//! Of what is pending the kernel gives the lowest number first, whichever came first: standard signals before real-time
//! ones, `SIGRTMIN` before `SIGRTMIN+1`. Real-time signals of one number come in the order they were sent.
//!
//! # Whose signals
//!
//! A batcher takes the signals sent to the process, and those sent to the very thread that reads. A signal directed at
//! another thread (`pthread_kill`, `raise`, the `SIGPIPE` of a write, a timer with `SIGEV_THREAD_ID`) stays pending
//! there. Two batchers with a signal in common share it out, each signal to one of them.
//!
//! # The end
//!
//! A batcher that is dropped leaves what is pending with the kernel: the next batcher finds it. When the mask is
//! restored ([`BlockedSignals`] is dropped), the kernel delivers what is pending then, which for `SIGTERM` is the end
//! of the process. [`SignalBatcher::close`] takes what is there before that; a process that only has its own end before
//! it keeps its signals blocked (`std::mem::forget` of the guard).

mod batch;
mod batcher;
mod blocked;
mod builder;
mod child_change;
mod end;
mod error;
mod loss;
mod proc;
mod set;
mod signal;
mod signo;
mod signo_error;
mod stats;
mod thread;
mod unblocked_thread;

pub use batch::SignalBatch;
pub use batcher::SignalBatcher;
pub use blocked::BlockedSignals;
pub use builder::SignalBatcherBuilder;
pub use child_change::ChildChange;
pub use error::SignalBatcherError;
pub use loss::PossibleLoss;
pub use set::SignalSet;
pub use signal::Signal;
pub use signo::Signo;
pub use signo_error::SignoError;
pub use stats::SignalStats;
pub use thread::SignalThread;
pub use unblocked_thread::UnblockedThread;

#[cfg(test)]
mod tests;
