//! Memory with a known address: page-aligned mappings, huge pages, aligned buffers.
//!
//! | want | take |
//! |---|---|
//! | a buffer for direct I/O, or one whose alignment matters | [`AlignedBuf`] |
//! | a large region to cut up, in huge pages or faulted in beforehand | [`Mapping`] |
//!
//! Both are always initialised, so both are plain byte slices. What the kernel may refuse is asked for with a
//! [`Demand`](crate::Demand); what came of it is told by [`Mapping::effective`].

mod aligned_buf;
mod alloc_error;
mod heap;
mod mapping;
mod mapping_builder;
mod smaps;

pub use aligned_buf::AlignedBuf;
pub use alloc_error::AllocError;
pub use mapping::{Effective, Mapping};
pub use mapping_builder::MappingBuilder;

#[cfg(test)]
mod tests;
