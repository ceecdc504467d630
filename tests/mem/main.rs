#![cfg(feature = "mem")]
#![cfg(target_os = "linux")]

mod aligned_buf;
mod aligned_uninit;
mod huge_tlb;
#[cfg(feature = "allocator-api2")]
mod mapped_alloc;
mod mapping;
mod node;
mod shared_buf;
mod support;
