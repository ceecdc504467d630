use super::AcquireError;

/// What `make` makes, in a box: of an array of one, which is as good. Takes the memory first, so that what was made always
/// has a place to be put.
///
/// `Box::new` aborts where the allocator refuses, a vector's `try_reserve_exact` reports it, and a full vector becomes a box
/// without a copy.
pub(super) fn try_box<T>(make: impl FnOnce() -> Result<T, AcquireError>) -> Result<Box<[T; 1]>, AcquireError> {
    let mut one = Vec::new();
    one.try_reserve_exact(1).map_err(|_| AcquireError::out_of_memory())?;
    one.push(make()?);
    match <Box<[T; 1]>>::try_from(one) {
        Ok(one) => Ok(one),
        Err(_) => unreachable!("exactly one was pushed"),
    }
}
