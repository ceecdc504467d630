use super::View;

/// Places in the order in which entries came to them. One that is left behind stays, until more than half are.
#[derive(Debug, Default)]
pub(super) struct NaiveWindow {
    places: Vec<usize>,
}

impl NaiveWindow {
    pub(super) fn push(&mut self, place: usize) {
        self.places.push(place);
    }

    /// The key at the oldest place where there is one of the window.
    pub(super) fn pop(&mut self, view: &View, is_in: impl Fn(u32) -> bool) -> Option<u32> {
        while !self.places.is_empty() {
            if let Some(key) = view.at(self.places.remove(0)).filter(|&key| is_in(key)) {
                return Some(key);
            }
        }
        None
    }

    /// A key has left the window, which now has `len`.
    pub(super) fn left(&mut self, len: usize, view: &View, is_in: impl Fn(u32) -> bool) {
        if self.places.len() > 2 * len + 32 {
            self.compact(view, is_in);
        }
    }

    fn compact(&mut self, view: &View, is_in: impl Fn(u32) -> bool) {
        let mut kept = Vec::new();
        for &place in self.places.iter().rev() {
            if !kept.contains(&place) && view.at(place).is_some_and(&is_in) {
                kept.insert(0, place);
            }
        }
        self.places = kept;
    }

    pub(super) fn moved(&mut self, before: &View, after: &View, is_in: impl Fn(u32) -> bool) {
        self.compact(before, is_in);
        let moved = self.places.iter().filter_map(|&place| before.at(place)).map(|key| after.place_of(key));
        self.places = moved.collect();
    }
}
