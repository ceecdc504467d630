use hashbrown::Equivalent;

use super::budget::Budget;
use super::departed::Departed;
use super::entry::Entry;
use super::expiry::Expiry;
use super::flights::Flights;
use super::life::Life;
use super::order::{Arrival, Order};
use super::stats::Counts;
use super::table::Table;
use super::{Cause, Policy, Stats};
use crate::time::Instant;

/// A share of the cache, under one lock: entries, what the policy knows, loads and counts.
///
/// Of user code only `Eq` runs in here, in `find` and `look`, before anything changes; what goes out is handed to the
/// caller, who lets it go once the lock is released.
///
/// The fields stand by lines of 64 bytes, which go from one thread to the other: the first is that of the lock's word, and all
/// that a hit reads; an insertion writes it and the two that follow, and of the rest, as a rule, it only reads the beginning.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Shard<K, V> {
    /// How many times the cache had been emptied when this shard was last written; behind that, its entries are dead.
    pub(super) epoch: u64,
    pub(super) table: Table<K, V>,
    /// What the entries weigh.
    pub(super) held: u64,
    insertions: u64,
    // The second and third line.
    pub(super) order: Order,
    evictions: u64,
    // The fourth.
    pub(super) expiry: Expiry,
    pub(super) flights: Flights<K, V>,
    pub(super) counts: Counts,
}

/// What a look-up finds.
#[derive(Debug)]
pub(super) enum Look<'a, K, V> {
    Live(&'a Entry<K, V>),
    Absent,
    /// An entry, or a whole shard, that is to be taken out.
    Dead,
}

/// What is known of a pair that is to be stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) hash: u32,
    pub(super) weight: u32,
    pub(super) due: Instant,
}

/// What a shard's operations need of the cache.
#[derive(Debug)]
pub(super) struct Context<'a, K, V> {
    pub(super) life: &'a Life<K, V>,
    pub(super) budget: &'a Budget,
    pub(super) epoch: u64,
}

impl<K, V> Clone for Context<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Context<'_, K, V> {}

/// How many places an insertion looks at for an entry whose time is over, before it asks the policy.
const LOOK: usize = 64;

impl<K, V> Shard<K, V> {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            epoch: 0,
            table: Table::new(),
            held: 0,
            insertions: 0,
            order: Order::new(policy),
            evictions: 0,
            expiry: Expiry::new(),
            flights: Flights::new(),
            counts: Counts::default(),
        }
    }

    /// The live entry of `key`, which counts as used. Runs `Eq`. Where it comes to the time, and `now` does not say it, `Dead`.
    #[inline]
    pub(super) fn look<Q: Equivalent<K> + ?Sized>(
        &self,
        hash: u32,
        key: &Q,
        life: &Life<K, V>,
        epoch: u64,
        now: Option<Instant>,
    ) -> Look<'_, K, V> {
        if self.epoch != epoch {
            return Look::Dead;
        }
        let Some(entry) = self.table.get(hash, key) else {
            // What is missing is stored next, as a rule.
            self.order.prefetch(hash);
            return Look::Absent;
        };
        match now {
            None if entry.due != Instant::MAX => return Look::Dead,
            None => {}
            Some(now) if life.is_over(entry, now, &self.order) => return Look::Dead,
            Some(now) if life.idles() => entry.set_mark(entry.mark().with_use(now)),
            Some(_) => {}
        }
        entry.hit();
        Look::Live(entry)
    }

    /// The live entry of `key`, which does not count as used.
    pub(super) fn peek<Q: Equivalent<K> + ?Sized>(
        &self,
        hash: u32,
        key: &Q,
        life: &Life<K, V>,
        epoch: u64,
    ) -> Option<&Entry<K, V>> {
        let entry = if self.epoch == epoch { self.table.get(hash, key)? } else { return None };
        self.is_live(entry, life).then_some(entry)
    }

    pub(super) fn is_live(&self, entry: &Entry<K, V>, life: &Life<K, V>) -> bool {
        life.now_for(entry).is_none_or(|now| !life.is_over(entry, now, &self.order))
    }

    /// Takes everything out that was there when the cache was last emptied. First thing of all who write.
    #[inline]
    pub(super) fn catch_up(&mut self, context: Context<'_, K, V>, out: &mut Departed<'_, K, V>) {
        if self.epoch != context.epoch {
            self.clear(context, out);
        }
    }

    #[cold]
    fn clear(&mut self, context: Context<'_, K, V>, out: &mut Departed<'_, K, V>) {
        self.epoch = context.epoch;
        let table = std::mem::replace(&mut self.table, Table::new());
        self.order.clear();
        self.expiry = Expiry::new();
        context.budget.give(std::mem::take(&mut self.held));
        self.counts.invalidations += table.len() as u64;
        self.flights.cancel_all(out);
        out.extend(table.into_iter().map(|entry| (entry.key, entry.value, Cause::Invalidated)));
    }

    /// The place of `key`, as long as nothing is inserted; an entry whose time is over is taken out. Runs `Eq`.
    #[inline]
    pub(super) fn find_live<Q: Equivalent<K> + ?Sized>(
        &mut self,
        hash: u32,
        key: &Q,
        context: Context<'_, K, V>,
        out: &mut Departed<'_, K, V>,
    ) -> Option<usize> {
        let place = self.table.find(hash, key)?;
        if self.table.at(place).is_some_and(|entry| self.is_live(entry, context.life)) {
            return Some(place);
        }
        self.drop_at(place, Cause::Expired, context, out);
        None
    }

    /// The entry at `place`, which counts as used.
    pub(super) fn touch(&mut self, place: usize, life: &Life<K, V>) -> Option<&Entry<K, V>> {
        let entry = self.table.at(place)?;
        self.order.touch(entry, life);
        Some(entry)
    }

    /// Stores the pair at the place `found` for its key, or in a new one, for which others go first. The pair is then what
    /// was there before: the key that was not needed, and the old value.
    ///
    /// Where the shard has too little to let go, the pair stays, and `Err` says how much weight has to be free first.
    #[inline]
    pub(super) fn store(
        &mut self,
        found: Option<usize>,
        pair: &mut Option<(K, V)>,
        terms: Terms,
        context: Context<'_, K, V>,
        out: &mut Departed<'_, K, V>,
    ) -> Result<(), u32> {
        match found {
            Some(place) if self.replace(place, pair, terms, context) => Ok(()),
            Some(place) => self.replace_by_heavier(place, pair, terms, context, out),
            None => self.insert(pair, terms, context, out),
        }
    }

    /// Puts the value in the place of another, unless it is heavier by more than is free.
    #[inline]
    fn replace(&mut self, place: usize, pair: &mut Option<(K, V)>, terms: Terms, context: Context<'_, K, V>) -> bool {
        let (Some(entry), Some((_, value))) = (self.table.at_mut(place), pair) else { return false };
        let (old, new) = (entry.weight, terms.weight);
        if new != old {
            if new > old && !context.budget.take(u64::from(new - old)) {
                return false;
            }
            context.budget.give(u64::from(old.saturating_sub(new)));
            self.held = self.held - u64::from(old) + u64::from(new);
            self.order.reweigh(entry.mark(), old, new);
            entry.weight = new;
        }
        entry.due = terms.due;
        std::mem::swap(value, &mut entry.value);
        self.order.touch(entry, context.life);
        // A use moves the end only away, and the first end that is noted is a bound.
        self.expiry.note(terms.due);
        self.insertions += 1;
        true
    }

    /// Takes the old value out and stores the new one, for which others go. The old key stays.
    #[cold]
    fn replace_by_heavier(
        &mut self,
        place: usize,
        pair: &mut Option<(K, V)>,
        terms: Terms,
        context: Context<'_, K, V>,
        out: &mut Departed<'_, K, V>,
    ) -> Result<(), u32> {
        let Some(reserved) = self.reserve(u64::from(terms.weight), context) else {
            return Err(terms.weight - self.table.at(place).map_or(0, |entry| entry.weight));
        };
        if let Some((key, value)) = pair.take() {
            let old = self.take(place);
            self.add(old.key, value, terms, reserved + u64::from(old.weight), context, out);
            *pair = Some((key, old.value));
        }
        Ok(())
    }

    /// Stores a pair whose key is not there.
    #[inline]
    fn insert(
        &mut self,
        pair: &mut Option<(K, V)>,
        terms: Terms,
        context: Context<'_, K, V>,
        out: &mut Departed<'_, K, V>,
    ) -> Result<(), u32> {
        let reserved = self.reserve(u64::from(terms.weight), context).ok_or(terms.weight)?;
        if let Some((key, value)) = pair.take() {
            self.add(key, value, terms, reserved, context, out);
        }
        Ok(())
    }

    /// Adds an entry for which so much weight is reserved; the rest is free, or others go for it.
    fn add(
        &mut self,
        key: K,
        value: V,
        terms: Terms,
        reserved: u64,
        context: Context<'_, K, V>,
        out: &mut Departed<'_, K, V>,
    ) {
        let Terms { hash, weight, due } = terms;
        let arrival = self.order.arrive(hash);
        let full = self.make_room(u64::from(weight), reserved, arrival, context, out);
        self.insertions += 1;
        self.held += u64::from(weight);
        let entry = Entry::new(key, value, hash, weight, due);
        entry.set_mark(self.order.mark(arrival, hash));
        if due != Instant::MAX || context.life.idles() {
            self.begin(&entry, context.life);
        }
        if self.table.is_full() {
            self.make_way();
        }
        let place = self.table.insert(entry);
        self.order.settle(arrival, place, weight, full, &self.table);
    }

    /// Has the table grow, or put in order, so that an entry can come in without moving others.
    #[cold]
    fn make_way(&mut self) {
        let queue = self.order.before_move(&self.table);
        self.table.make_way();
        self.order.moved(&queue, &self.table);
        self.expiry.moved();
    }

    /// Notes the end of a new entry, and that it is used now.
    #[cold]
    fn begin(&mut self, entry: &Entry<K, V>, life: &Life<K, V>) {
        let now = life.clock.now();
        self.order.used_at(entry, now);
        self.expiry.note(life.end(entry, now, &self.order));
    }

    /// Takes from what the cache has free as much of `weight` as would not be there though all entries of the shard went for
    /// it; says how much. `None` where the cache has not that much: it is to make room in other shards.
    #[inline]
    fn reserve(&self, weight: u64, context: Context<'_, K, V>) -> Option<u64> {
        let missing = weight.saturating_sub(self.held);
        (missing == 0 || context.budget.take(missing)).then_some(missing)
    }

    /// Takes `weight`, of which some is reserved, for an arrival from what the cache has free, else from what goes for it:
    /// entries whose time is over, else those the policy names. Says whether any had to go.
    #[inline]
    fn make_room(
        &mut self,
        weight: u64,
        reserved: u64,
        arrival: Arrival,
        context: Context<'_, K, V>,
        out: &mut Departed<'_, K, V>,
    ) -> bool {
        let (mut look, mut freed, mut full) = (LOOK, reserved, false);
        while freed < weight {
            if context.budget.take(weight - freed) {
                return full;
            }
            full = true;
            // There is an entry as long as the reserve is not enough.
            let Some(weight) = self.evict(arrival, &mut look, context, out) else { break };
            freed += weight;
        }
        context.budget.give(freed.saturating_sub(weight));
        full
    }

    /// Takes out the entry that is worth least, for an arrival. Its weight is the caller's to give back.
    #[inline]
    fn evict(
        &mut self,
        arrival: Arrival,
        look: &mut usize,
        context: Context<'_, K, V>,
        out: &mut Departed<'_, K, V>,
    ) -> Option<u64> {
        let expired = self.expiry.find(&self.table, context.life, &self.order, look);
        let (place, cause) = match expired {
            Some(place) => (place, Cause::Expired),
            None => (self.order.victim(&self.table, arrival)?, Cause::Evicted),
        };
        let entry = self.take(place);
        match cause {
            Cause::Evicted => self.evictions += 1,
            cause => self.counts.departed(cause),
        }
        out.push(entry.key, entry.value, cause);
        Some(u64::from(entry.weight))
    }

    /// Lets go of entries until `weight` is free or none is left. Says how much that was; it is given to the budget.
    pub(super) fn shed(&mut self, weight: u64, context: Context<'_, K, V>, out: &mut Departed<'_, K, V>) -> u64 {
        let mut look = LOOK;
        let mut freed = 0;
        while freed < weight {
            let Some(weight) = self.evict(Arrival::Unknown, &mut look, context, out) else { break };
            freed += weight;
        }
        context.budget.give(freed);
        freed
    }

    /// Takes the entry at `place` out of the table and of the policy. Its weight is the caller's to give back.
    #[inline]
    pub(super) fn take(&mut self, place: usize) -> Entry<K, V> {
        let entry = self.table.take(place);
        self.held -= u64::from(entry.weight);
        self.order.left(&entry, &self.table);
        entry
    }

    /// Takes the entry at `place` out and gives its weight back.
    pub(super) fn remove(&mut self, place: usize, context: Context<'_, K, V>) -> (K, V) {
        let entry = self.take(place);
        context.budget.give(u64::from(entry.weight));
        (entry.key, entry.value)
    }

    /// Lets go of the entry at `place`.
    pub(super) fn drop_at(
        &mut self,
        place: usize,
        cause: Cause,
        context: Context<'_, K, V>,
        out: &mut Departed<'_, K, V>,
    ) {
        let (key, value) = self.remove(place, context);
        self.counts.departed(cause);
        out.push(key, value, cause);
    }

    /// Adds to `stats` what was counted here, and what is held.
    pub(super) fn add_to(&self, stats: &mut Stats, epoch: u64) {
        self.counts.add_to(stats);
        stats.insertions += self.insertions;
        stats.evictions += self.evictions;
        if self.epoch == epoch {
            stats.len += self.table.len();
            stats.weight += self.held;
        }
    }

    /// Lets go of the entry whose turn it is, if its time is over.
    pub(super) fn purge(&mut self, turn: usize, context: Context<'_, K, V>, out: &mut Departed<'_, K, V>) {
        let place = self.table.place_of(turn);
        if self.table.at(place).is_some_and(|entry| !self.is_live(entry, context.life)) {
            self.drop_at(place, Cause::Expired, context, out);
        }
    }
}
