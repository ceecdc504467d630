use crate::cache::table::Table;

/// Which keys are where, as the table says.
#[derive(Debug)]
pub(super) struct View {
    /// In the order of the places.
    pub(super) places: Vec<Option<u32>>,
    /// In the order in which policies go round.
    pub(super) turns: Vec<Option<u32>>,
}

impl View {
    pub(super) fn of(table: &Table<u32, ()>) -> Self {
        let key = |place| table.at(place).map(|entry| entry.key);
        let all = || 0..table.places();
        Self { places: all().map(key).collect(), turns: all().map(|turn| key(table.place_of(turn))).collect() }
    }

    pub(super) fn at(&self, place: usize) -> Option<u32> {
        self.places.get(place).copied().flatten()
    }

    pub(super) fn place_of(&self, key: u32) -> usize {
        self.places.iter().position(|&at| at == Some(key)).expect("a key of the table")
    }
}
