/// A pool whose guards are `'static`: they keep it alive themselves.
#[derive(Debug)]
pub struct Owned<P>(pub(super) P);
