//! Files beyond what std offers: transfers with flags, `O_DIRECT` and its alignment, advice, space, locks.

mod advice;
mod direct;
mod lock;
mod space;
mod transfer;

pub(crate) use advice::{advise, readahead};
pub(crate) use direct::{
    DirectLimits, appends, direct_limits, is_direct, probe_direct, set_buffered, set_direct, without_direct,
};
pub(crate) use lock::try_lock;
pub(crate) use space::{Space, allocate, file_size_limit, is_block_device, len, next_data, next_hole};
pub(crate) use transfer::{
    Flags, MAX_SEGMENTS, MAX_TRANSFER, may_concern_others, read_at, read_vectored_at, refuses_flags, write_at,
    write_vectored_at,
};
