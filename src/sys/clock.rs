//! Clock reads, in nanoseconds since an arbitrary point that both clocks share.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod imp {
    use rustix::time::{ClockId, Timespec, clock_gettime};

    fn nanos(t: Timespec) -> u64 {
        // The monotonic clock counts from boot: neither field is negative, and u64 nanoseconds last 584 years.
        t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
    }

    #[inline]
    pub(crate) fn monotonic() -> u64 {
        nanos(clock_gettime(ClockId::Monotonic))
    }

    #[inline]
    pub(crate) fn coarse() -> u64 {
        nanos(clock_gettime(ClockId::MonotonicCoarse))
    }

    /// The distance between two ticks of [`coarse`].
    pub(crate) fn coarse_resolution() -> u64 {
        nanos(rustix::time::clock_getres(ClockId::MonotonicCoarse))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod imp {
    use std::sync::OnceLock;
    use std::time::Instant;

    pub(crate) fn monotonic() -> u64 {
        static BASE: OnceLock<Instant> = OnceLock::new();
        BASE.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }

    pub(crate) fn coarse() -> u64 {
        monotonic()
    }

    pub(crate) fn coarse_resolution() -> u64 {
        1
    }
}

pub(crate) use imp::{coarse, coarse_resolution, monotonic};
