#![cfg(feature = "mem")]
#![cfg(target_os = "linux")]

mod aligned_buf;
mod aligned_uninit;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[path = "../support/filter.rs"]
mod filter;
mod huge_tlb;
#[cfg(feature = "allocator-api2")]
mod mapped_alloc;
mod mapping;
mod node;
#[path = "../vm/pages.rs"]
mod pages;
mod shared_buf;
mod support;
