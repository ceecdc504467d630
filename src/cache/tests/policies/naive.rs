use super::View;

/// What a policy knows of an entry: region, frequency, hits.
pub(super) type Known = (u8, u8, u8);

/// A policy as it is described.
pub(super) trait Naive {
    /// A key of this hash comes in.
    fn arrive(&mut self, hash: u32);

    /// Which key is to go for it.
    fn victim(&mut self, view: &View) -> Option<u32>;

    /// A key was taken out, and is no longer in the view.
    fn left(&mut self, key: u32, view: &View);

    /// All keys have changed places.
    fn moved(&mut self, before: &View, after: &View);

    /// The key that has arrived is in. `full` says whether others went for it.
    fn settle(&mut self, key: u32, hash: u32, weight: u32, full: bool, view: &View);

    fn hit(&mut self, key: u32);

    fn reweigh(&mut self, key: u32, weight: u32);

    /// All keys were taken out.
    fn clear(&mut self);

    /// What is known of a key; `None` where it is not in.
    fn known(&self, key: u32) -> Option<Known>;
}
