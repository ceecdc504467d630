use std::error::Error;

use super::AcquireError;

/// Why a guard may reach for its slot.
pub(super) const HELD: &str = "a guard holds its object until it is dropped or detached";

/// A pooled object at its own address, so that handing it over moves a pointer and never the object.
///
/// A box of an array of one: `Box::new` aborts where the allocator refuses, a vector's `try_reserve_exact` reports it,
/// and a full vector becomes a box without a copy.
pub(super) struct Slot<T>(Box<[T; 1]>);

impl<T> Slot<T> {
    /// Takes the memory first, so that an object that was made always has a place to be put.
    pub(super) fn try_new(
        make: impl FnOnce() -> Result<T, Box<dyn Error + Send + Sync>>,
    ) -> Result<Self, AcquireError> {
        let mut one = Vec::new();
        one.try_reserve_exact(1).map_err(|_| AcquireError::out_of_memory())?;
        one.push(make().map_err(AcquireError::Create)?);
        match Box::try_from(one) {
            Ok(one) => Ok(Self(one)),
            Err(_) => unreachable!("exactly one object was pushed"),
        }
    }

    pub(super) fn get(&self) -> &T {
        &self.0[0]
    }

    pub(super) fn get_mut(&mut self) -> &mut T {
        &mut self.0[0]
    }

    pub(super) fn into_inner(self) -> T {
        let [object] = *self.0;
        object
    }
}
