use super::Cause;
use super::flights::Flight;

/// What a call takes out of a shard, to be let go once the lock is released: in this order, threads that wait start
/// again, and the listener hears of the entries, which are dropped.
pub(super) struct Departed<'a, K, V> {
    listener: Option<&'a Listener<K, V>>,
    pub(super) flights: Vec<Flight<K, V>>,
    /// The first apart, since one is the usual number, and then nothing is allocated.
    first: Option<(K, V, Cause)>,
    rest: Vec<(K, V, Cause)>,
}

/// Hears of entries that the cache lets go.
pub(super) type Listener<K, V> = dyn Fn(K, V, Cause) + Send + Sync;

impl<'a, K, V> Departed<'a, K, V> {
    pub(super) fn new(listener: Option<&'a Listener<K, V>>) -> Self {
        Self { listener, flights: Vec::new(), first: None, rest: Vec::new() }
    }

    #[inline]
    pub(super) fn push(&mut self, key: K, value: V, cause: Cause) {
        if self.first.is_none() {
            self.first = Some((key, value, cause));
        } else {
            self.rest.push((key, value, cause));
        }
    }

    pub(super) fn extend(&mut self, entries: impl Iterator<Item = (K, V, Cause)>) {
        self.rest.extend(entries);
    }

    /// Lets go, and then gives back `result`: what a function returns is lost where a local is dropped after it and panics
    /// (rust-lang/rust#47949).
    #[inline]
    pub(super) fn before<R>(self, result: R) -> R {
        drop(self);
        result
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }
}

impl<K, V> Drop for Departed<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        if self.first.is_some() || !self.rest.is_empty() || !self.flights.is_empty() {
            self.let_go();
        }
    }
}

impl<K, V> Departed<'_, K, V> {
    fn let_go(&mut self) {
        self.flights.iter().for_each(Flight::close);
        let Some(listener) = self.listener else { return };
        let first = self.first.take();
        let mut entries = Told { listener, left: first.into_iter().chain(std::mem::take(&mut self.rest)) };
        entries.tell();
    }
}

/// Tells the listener of the entries that are left, also where it panics at one of them.
struct Told<'a, K, V, I: Iterator<Item = (K, V, Cause)>> {
    listener: &'a Listener<K, V>,
    left: I,
}

impl<K, V, I: Iterator<Item = (K, V, Cause)>> Told<'_, K, V, I> {
    fn tell(&mut self) {
        for (key, value, cause) in self.left.by_ref() {
            (self.listener)(key, value, cause);
        }
    }
}

impl<K, V, I: Iterator<Item = (K, V, Cause)>> Drop for Told<'_, K, V, I> {
    fn drop(&mut self) {
        // Empty but for a panic of the listener. A second one aborts, as any in a `Drop` that unwinds.
        self.tell();
    }
}
