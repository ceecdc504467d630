use std::io;

use super::asked::Asked;
use crate::primitive::atomic::{AtomicU32, Ordering};
use crate::sys::file::{self, Flags};

/// The flags that transfers of one kind cannot carry, as it turned out: what was refused once is not asked for again.
///
/// All accesses are Relaxed: who does not see a refusal meets it himself.
#[derive(Debug, Default)]
pub(super) struct Refused(AtomicU32);

/// What is left out first where something has to be.
const LEAST_FIRST: [Flags; 3] = [Flags::DONTCACHE, Flags::ATOMIC, Flags::DSYNC];

impl Refused {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Makes a transfer with what was asked for, or with as much of it as the kernel takes; says what that was.
    ///
    /// The kernel refuses a call as a whole and does not say for which flag, so they are left out one at a time, and the
    /// one without which it was no longer refused is remembered.
    pub(super) fn negotiate<T>(
        &self,
        asked: Asked,
        mut call: impl FnMut(Flags) -> io::Result<T>,
    ) -> io::Result<(T, Flags)> {
        let refused = Flags::from_bits(self.0.load(Ordering::Relaxed));
        if !asked.needed.common(refused).is_empty() {
            return Err(unsupported(asked.needed.common(refused)));
        }
        let mut flags = asked.needed.and(asked.wished.without(refused));
        let mut left_out = None;
        loop {
            let result = call(flags);
            let refusal = matches!(&result, Err(e) if file::refuses_flags(e));
            if !refusal || flags.is_empty() {
                if let Some(flag) = left_out.filter(|_| !refusal) {
                    self.remember(flag);
                }
                return result.map(|done| (done, flags));
            }
            if flags.bits().is_power_of_two() {
                self.remember(flags);
            }
            let wished = flags.without(asked.needed);
            let Some(flag) = LEAST_FIRST.into_iter().find(|flag| wished.contains(*flag)) else {
                return Err(unsupported(flags));
            };
            flags = flags.without(flag);
            left_out = Some(flag);
        }
    }

    fn remember(&self, flag: Flags) {
        self.0.fetch_or(flag.bits(), Ordering::Relaxed);
    }
}

#[cold]
fn unsupported(flags: Flags) -> io::Error {
    let names = [
        (Flags::NOWAIT, "not to wait"),
        (Flags::DONTCACHE, "to stay out of the page cache"),
        (Flags::ATOMIC, "to be atomic"),
        (Flags::DSYNC, "to be durable"),
    ];
    let names: Vec<_> = names.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| name).collect();
    let message = format!("a transfer of this file cannot be asked {}", names.join(" and "));
    io::Error::new(io::ErrorKind::Unsupported, message)
}
