use super::{Known, Naive, View};

/// Keys, the least recently used first.
#[derive(Debug, Default)]
pub(super) struct NaiveRecency {
    keys: Vec<u32>,
}

impl NaiveRecency {
    pub(super) fn keys(&self) -> &[u32] {
        &self.keys
    }
}

impl Naive for NaiveRecency {
    fn arrive(&mut self, _: u32) {}

    fn victim(&mut self, _: &View) -> Option<u32> {
        self.keys.first().copied()
    }

    fn left(&mut self, key: u32, _: &View) {
        self.keys.retain(|&other| other != key);
    }

    fn moved(&mut self, _: &View, _: &View) {}

    fn settle(&mut self, key: u32, _: u32, _: u32, _: bool, _: &View) {
        self.keys.push(key);
    }

    fn hit(&mut self, key: u32) {
        self.keys.retain(|&other| other != key);
        self.keys.push(key);
    }

    fn reweigh(&mut self, _: u32, _: u32) {}

    fn clear(&mut self) {
        self.keys.clear();
    }

    fn known(&self, _: u32) -> Option<Known> {
        None
    }
}
