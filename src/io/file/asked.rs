use crate::sys::Demand;
use crate::sys::file::Flags;

/// The flags that a transfer is to carry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// Without these it is an error.
    pub(super) needed: Flags,
    /// Without these it goes on.
    pub(super) wished: Flags,
}

impl Asked {
    pub(super) const NOTHING: Self = Self { needed: Flags::NONE, wished: Flags::NONE };

    #[inline]
    pub(super) fn is_nothing(self) -> bool {
        self.needed.is_empty() && self.wished.is_empty()
    }

    pub(super) fn need(&mut self, flag: Flags) {
        self.needed = self.needed.and(flag);
    }

    pub(super) fn wish(&mut self, flag: Flags) {
        self.wished = self.wished.and(flag);
    }

    /// Needed or wished for, as the demand says.
    pub(super) fn demand(&mut self, demand: Demand, flag: Flags) {
        match demand {
            Demand::Off => {}
            Demand::Prefer => self.wish(flag),
            Demand::Require => self.need(flag),
        }
    }
}
