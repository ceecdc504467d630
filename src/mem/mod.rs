//! Memory with a known address: page-aligned mappings, huge pages, aligned buffers.
//!
//! | want | take |
//! |---|---|
//! | a buffer for direct I/O, or one whose alignment matters | [`AlignedBuf`] |
//! | one that is written as a whole anyway | [`AlignedUninit`] |
//! | one that several read, as a whole or in aligned parts | [`SharedBuf`] |
//! | a large region to cut up, in huge pages, on chosen nodes, or faulted in beforehand | [`Mapping`] |
//! | a collection that lives in such regions | `MappedAlloc`, feature `allocator-api2` |
//!
//! All but `AlignedUninit` are always initialised, so they are plain byte slices. What the kernel may refuse is asked
//! for with a [`Demand`](crate::Demand); what came of it is told by [`Mapping::effective`].

mod aligned_buf;
mod aligned_uninit;
mod alloc_error;
#[cfg(feature = "bytes")]
mod bytes;
mod effective;
mod heap;
mod huge_pages;
#[cfg(feature = "allocator-api2")]
mod mapped_alloc;
mod mapping;
mod mapping_builder;
mod shared_buf;
mod smaps;
pub(crate) mod wishes;

pub use aligned_buf::AlignedBuf;
pub use aligned_uninit::AlignedUninit;
pub use alloc_error::AllocError;
pub use effective::Effective;
pub use huge_pages::HugePages;
#[cfg(feature = "allocator-api2")]
pub use mapped_alloc::MappedAlloc;
pub use mapping::Mapping;
pub use mapping_builder::MappingBuilder;
pub use shared_buf::SharedBuf;

#[cfg(test)]
mod tests;
