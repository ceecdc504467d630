/// What the kernel is given with an entry and gives back with its completion: the slot of the operation, which of its
/// entries it is, and the generation of the slot.
///
/// 46 bits of generation last a slot that is reused ten million times a second for 81 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

/// Which of the entries of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that moves bytes.
    Transfer,
    /// A sync, alone or linked behind a write.
    Sync,
    /// Asks for a cancellation. Its completion says nothing that the other's does not.
    Cancel,
}

const SLOT_BITS: u32 = 16;
const ROLE_BITS: u32 = 2;

impl Key {
    /// The generations there are; after the last comes 0 again.
    pub(super) const GENERATIONS: u64 = 1 << (u64::BITS - SLOT_BITS - ROLE_BITS);

    pub(crate) fn new(slot: u16, generation: u64, role: Role) -> Self {
        debug_assert!(generation < Self::GENERATIONS);
        Self(generation << (SLOT_BITS + ROLE_BITS) | (role as u64) << SLOT_BITS | u64::from(slot))
    }

    pub(crate) fn from_user_data(word: u64) -> Self {
        Self(word)
    }

    pub(crate) fn user_data(self) -> u64 {
        self.0
    }

    pub(crate) fn slot(self) -> u16 {
        self.0 as u16
    }

    pub(crate) fn generation(self) -> u64 {
        self.0 >> (SLOT_BITS + ROLE_BITS)
    }

    pub(crate) fn role(self) -> Role {
        match self.0 >> SLOT_BITS & ((1 << ROLE_BITS) - 1) {
            0 => Role::Transfer,
            1 => Role::Sync,
            _ => Role::Cancel,
        }
    }
}
