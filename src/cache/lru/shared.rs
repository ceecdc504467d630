use std::hash::BuildHasher;
use std::sync::Arc;

/// A hasher that outlives the store it is in, and need not be `Clone` for that.
#[derive(Debug)]
pub(super) struct Shared<S>(Arc<S>);

impl<S> Shared<S> {
    pub(super) fn new(hasher: S) -> Self {
        Self(Arc::new(hasher))
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: BuildHasher> BuildHasher for Shared<S> {
    type Hasher = S::Hasher;

    #[inline]
    fn build_hasher(&self) -> S::Hasher {
        self.0.build_hasher()
    }
}
