//! Pages beside the reference: design, patterns, orderings, unsafe code, formats, limits and figures.

#[doc = include_str!("../docs/design.md")]
pub mod design {}

#[doc = include_str!("../docs/patterns.md")]
pub mod patterns {}

#[doc = include_str!("../docs/queues.md")]
pub mod queues {}

#[doc = include_str!("../docs/caches.md")]
pub mod caches {}

#[doc = include_str!("../docs/pools.md")]
pub mod pools {}

#[doc = include_str!("../docs/batchers.md")]
pub mod batchers {}

#[doc = include_str!("../docs/stats.md")]
pub mod stats {}

#[doc = include_str!("../docs/topology.md")]
pub mod topology {}

#[doc = include_str!("../docs/io.md")]
pub mod io {}

#[doc = include_str!("../docs/orderings.md")]
pub mod orderings {}

#[doc = include_str!("../docs/unsafe.md")]
pub mod unsafe_code {}

#[doc = include_str!("../docs/log.md")]
pub mod log {}

#[doc = include_str!("../docs/log-format.md")]
pub mod log_format {}

#[doc = include_str!("../docs/limitations.md")]
pub mod limitations {}

#[doc = include_str!("../docs/performance.md")]
pub mod performance {}
