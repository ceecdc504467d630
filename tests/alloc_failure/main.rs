//! What pools and buffers do where memory is refused: by an allocator that fails on demand, and by the kernel under a limit on
//! the address space. A process of its own, because both reach everything in it.
#![cfg(all(feature = "pool", target_os = "linux"))]
#![allow(unsafe_code)] // A global allocator and a resource limit cannot be set otherwise.

mod aligned;
mod allocator;
mod kernel;
mod refusing;
