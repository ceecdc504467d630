//! The ring: an io_uring whose buffers, descriptors and lists stay where the kernel was told they are until it has said
//! that it is done with them.
//!
//! Who owns what, from the outside in: [`Uring`] is the front; `Core` is everything that an operation in flight may
//! touch, and is leaked as a whole where the kernel does not let go of it; in it, `Queues` is the pair of queues shared
//! with the kernel, `Slots` the slab of operations, `FileTable` the descriptors, `Registered` the memory that the
//! kernel keeps pinned. `Progress` knows what the completions of one operation add up to, and nothing of the rest.

mod aim;
mod buffers;
mod builder;
mod completion;
mod core;
mod core_close;
mod core_open;
mod core_wait;
mod effective;
mod file_id;
mod file_table;
mod io_buf;
mod key;
mod op_id;
mod progress;
mod queues;
mod refusal;
mod refused;
mod registered;
mod slots;
mod stats;
mod unavailable;
#[expect(clippy::module_inception, reason = "the type the module is for")]
mod uring;

pub use buffers::Buffers;
pub use builder::UringBuilder;
pub use completion::Completion;
pub use effective::UringEffective;
pub use file_id::FileId;
pub use io_buf::IoBuf;
pub use op_id::OpId;
pub use refusal::Refusal;
pub use refused::Refused;
pub use stats::UringStats;
pub use unavailable::UringUnavailable;
pub use uring::Uring;

#[cfg(test)]
pub(super) use key::{Key, Role};
#[cfg(test)]
pub(super) use progress::{Ended, Progress, Step, Work};
