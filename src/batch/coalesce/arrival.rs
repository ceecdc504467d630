use super::slot::Slot;
use super::table::Table;
use crate::batch::feed::One;
use crate::batch::front::Room;
use crate::batch::shared::{Call, Offer, Shared};
use crate::batch::trigger::Trigger;

pub(super) type Merge<V> = Box<dyn Fn(&mut V, V) + Send + Sync>;

/// A pair on its way into a coalescer, and what is to be dropped for it when no lock is held.
pub(super) struct Arrival<K, V> {
    hash: u64,
    /// Until it is taken.
    pair: Option<(K, V)>,
    /// The key whose value was merged: the table has its equal.
    pub(super) merged: Option<K>,
    /// What went to make room.
    evicted: Option<(K, V)>,
}

impl<K: Eq, V> Arrival<K, V> {
    pub(super) fn new(hash: u64, key: K, value: V) -> Self {
        Self { hash, pair: Some((key, value)), merged: None, evicted: None }
    }

    /// Merges the pair into one that waits, or hands its slot to the batcher. Under the table's lock: a slot that the
    /// batcher has is in the table before anybody can look for it there.
    ///
    /// Where `Eq` panics nothing was changed, and where the merging does nothing but what that has changed.
    #[inline]
    pub(super) fn place(
        &mut self,
        table: &mut Table<K, V>,
        batcher: &Shared<Slot>,
        merge: &Merge<V>,
        room: Room,
        urgent: Option<Trigger>,
    ) -> (Offer, Call) {
        if table.closed {
            return (Offer::Closed, Call::Nothing);
        }
        // Still here, so that an `Eq` that panics drops no pair under the lock.
        let waiting = self.pair.as_ref().and_then(|(key, _)| table.find(self.hash, key));
        let Some((key, value)) = self.pair.take() else { return (Offer::Taken, Call::Nothing) };
        if let Some(waiting) = waiting {
            // Before the merging, which may panic: see above.
            self.merged = Some(key);
            table.merge(waiting, value, merge);
            return (Offer::Taken, Call::Nothing);
        }
        let slot = table.next();
        let mut oldest = None;
        let (offer, call) = if urgent.is_none() && batcher.front.with(|front| front.admit(slot)).is_ok() {
            (Offer::Taken, Call::Nothing)
        } else {
            let mut one = One::new(slot, 0);
            let answer = batcher.offer_unanswered(&mut one, room, urgent);
            oldest = one.evicted;
            answer
        };
        if offer == Offer::Taken {
            table.insert(slot, self.hash, (key, value));
        } else {
            self.pair = Some((key, value));
        }
        // After the insertion: the slot of what goes is the next one then.
        self.evicted = oldest.and_then(|oldest| table.evict(oldest));
        (offer, call)
    }

    /// The pair, where it was not taken.
    pub(super) fn into_pair(self) -> Option<(K, V)> {
        self.pair
    }
}
