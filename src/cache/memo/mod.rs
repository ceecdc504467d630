//! Results that are remembered: a table of them, and the macro that puts one behind a function.

mod cache_info;
#[allow(clippy::module_inception)] // The module is named after its main type.
mod memo;
mod memoize;

pub use cache_info::CacheInfo;
pub use memo::Memo;
#[doc(hidden)]
pub use memoize::__memoize;
pub use memoize::memoize;
