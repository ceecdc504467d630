use hashbrown::Equivalent;

use super::departed::Departed;
use super::landing::{Landing, NOBODY};
use crate::primitive::Arc;

/// The loads under way in one shard. There are at most as many as threads, so a list is searched.
///
/// A load is *led* by the thread that runs its loader. Threads that ask for its key *join* it and wait. It ends when
/// its leader *lands* it with a value, or *abandons* it: then one of those who wait leads it on. *Cancelled* (by a
/// removal, an insertion or an invalidation of its key), nobody joins it any more and its value is not stored; those who
/// joined before still get it.
#[derive(Debug)]
pub(super) struct Flights<K, V> {
    pub(super) list: Vec<Flight<K, V>>,
    next_id: u64,
}

#[derive(Debug)]
pub(super) struct Flight<K, V> {
    pub(super) id: u64,
    pub(super) hash: u32,
    pub(super) key: K,
    /// The loading thread, or `NOBODY` from an abandonment until one of those who wait comes.
    pub(super) leader: usize,
    pub(super) cancelled: bool,
    /// How many threads have joined and not left.
    pub(super) waiting: usize,
    /// Where they wait; none before the first.
    pub(super) landing: Option<Arc<Landing<V>>>,
}

/// What a thread that wants a missing key is to do next.
#[derive(Debug)]
pub(super) enum Step<K, V> {
    /// The value has come meanwhile.
    Found(V),
    /// Run the loader. `spare` is the caller's key where the load had one already.
    Lead { id: u64, spare: Option<K> },
    /// Wait for another thread's loader.
    Wait { id: u64, landing: Arc<Landing<V>>, key: K },
    /// The calling thread is loading this key.
    Recursive(K),
}

/// What an abandoned load needs once the lock is released.
#[derive(Debug)]
pub(super) enum Abandoned<K, V> {
    /// Wake one of those who wait: it leads on.
    HandedOver(Arc<Landing<V>>),
    /// Nobody leads on: drop it, and have those who wait start again.
    Ended(Flight<K, V>),
}

impl<K, V> Flights<K, V> {
    pub(super) const fn new() -> Self {
        Self { list: Vec::new(), next_id: 0 }
    }

    /// The load of `key` that can be joined. Runs `Eq`, and changes nothing.
    pub(super) fn find<Q: Equivalent<K> + ?Sized>(&self, hash: u32, key: &Q) -> Option<usize> {
        self.list.iter().position(|flight| !flight.cancelled && flight.hash == hash && key.equivalent(&flight.key))
    }

    /// Joins the load at `found`, or begins one, for `thread`.
    pub(super) fn join(&mut self, found: Option<usize>, hash: u32, key: K, thread: usize) -> Step<K, V> {
        let Some(at) = found else {
            return Step::Lead { id: self.lead(hash, key, thread), spare: None };
        };
        let flight = &mut self.list[at];
        if flight.leader == thread {
            return Step::Recursive(key);
        }
        if flight.leader == NOBODY {
            flight.leader = thread;
            if let Some(landing) = &flight.landing {
                landing.set_leader(thread);
            }
            return Step::Lead { id: flight.id, spare: Some(key) };
        }
        let leader = flight.leader;
        let landing = flight.landing.get_or_insert_with(|| Arc::new(Landing::new(leader)));
        flight.waiting += 1;
        Step::Wait { id: flight.id, landing: Arc::clone(landing), key }
    }

    /// Begins a load, led by `thread`.
    pub(super) fn lead(&mut self, hash: u32, key: K, thread: usize) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.list.push(Flight { id, hash, key, leader: thread, cancelled: false, waiting: 0, landing: None });
        id
    }

    /// The load `id`, which the calling thread leads.
    pub(super) fn led(&self, id: u64) -> &Flight<K, V> {
        // Only its leader removes a load that has one.
        &self.list[self.position(id).expect("a load outlives its leader")]
    }

    /// Puts back a load that could not land yet.
    pub(super) fn go_on(&mut self, flight: Flight<K, V>) {
        self.list.push(flight);
    }

    /// Takes a thread that waited off the load. Gives the load back where nobody is left to lead it.
    #[must_use = "drop it once the lock is released"]
    pub(super) fn leave(&mut self, id: u64) -> Option<Flight<K, V>> {
        let at = self.position(id)?;
        let flight = &mut self.list[at];
        flight.waiting -= 1;
        (flight.waiting == 0 && flight.leader == NOBODY).then(|| self.list.swap_remove(at))
    }

    /// Ends the load `id`, which the calling thread leads.
    pub(super) fn land(&mut self, id: u64) -> Flight<K, V> {
        // Only its leader removes a load that has one.
        let at = self.position(id).expect("a load outlives its leader");
        self.list.swap_remove(at)
    }

    /// Gives up the load `id`, which the calling thread leads.
    pub(super) fn abandon(&mut self, id: u64) -> Abandoned<K, V> {
        let at = self.position(id).expect("a load outlives its leader");
        let flight = &mut self.list[at];
        match &flight.landing {
            Some(landing) if flight.waiting != 0 && !flight.cancelled => {
                flight.leader = NOBODY;
                landing.set_leader(NOBODY);
                Abandoned::HandedOver(Arc::clone(landing))
            }
            _ => Abandoned::Ended(self.list.swap_remove(at)),
        }
    }

    /// Cancels the load at `found`. One that has no leader to end it goes out.
    #[inline]
    pub(super) fn cancel(&mut self, found: Option<usize>, out: &mut Departed<'_, K, V>) {
        let Some(at) = found else { return };
        if self.list[at].leader == NOBODY {
            out.flights.push(self.list.swap_remove(at));
        } else {
            self.list[at].cancelled = true;
        }
    }

    /// Cancels every load. Those that have no leader go out.
    pub(super) fn cancel_all(&mut self, out: &mut Departed<'_, K, V>) {
        for flight in &mut self.list {
            flight.cancelled = true;
        }
        out.flights.extend(self.list.extract_if(.., |flight| flight.leader == NOBODY));
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.list.iter().position(|flight| flight.id == id)
    }
}

impl<K, V> Flight<K, V> {
    /// Has those who wait start again. Called outside the lock.
    pub(super) fn close(&self) {
        if let Some(landing) = &self.landing {
            landing.close();
        }
    }
}
