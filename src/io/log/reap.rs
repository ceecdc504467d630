//! How those that wait for a log with a ring share the waiting.

use super::held::Held;
use super::ring::{Ended, Ring};
use super::shared::{Shared, Who};
use super::tail::Sealed;
use crate::primitive::spin_loop;
use crate::sync::Listener;
use crate::time::Deadline;

impl Shared {
    /// Hands a frame to the kernel.
    pub(super) fn submit(&self, ring: &Ring, sealed: Sealed) {
        if let Some(Ended { sealed, result, started }) = ring.submit(sealed, self.clock.now()) {
            self.land(sealed, result, started);
        }
    }

    /// Lands what the ring has ended, and waits for it to end something where a frame is given that has to land by some
    /// deadline; or waits for the thread that does so already.
    pub(super) fn reap(&self, ring: &Ring, mut held: Held<'_>, frame: Option<(u64, Deadline)>) {
        let Some((sequence, deadline)) = frame else {
            drop(held);
            return self.land_all(ring);
        };
        let listener = self.frame(sequence).listen();
        if held.reaping || ring.is_idle() {
            drop(held);
            listener.wait_until(&self.clock, deadline);
            return;
        }
        held.reaping = true;
        drop(held);
        drop(listener);
        self.reap_once(ring, deadline);
    }

    /// As [`reap`](Self::reap), for a thread that waits for room.
    pub(super) fn reap_for_room(&self, ring: &Ring, listener: Listener<'_>) {
        let mut held = self.hold();
        if held.reaping || ring.is_idle() {
            drop(held);
            return listener.wait();
        }
        held.reaping = true;
        drop(held);
        drop(listener);
        self.reap_once(ring, Deadline::NEVER);
    }

    fn reap_once(&self, ring: &Ring, deadline: Deadline) {
        if ring.wait(deadline.remaining(&self.clock)).is_err() {
            // The completions come all the same, and are looked for.
            spin_loop();
        }
        self.land_all(ring);
        let (first, last) = {
            let mut held = self.hold();
            held.reaping = false;
            (held.landed(), held.sequence())
        };
        // Another has to wait for the ring now, of whichever frame.
        (first..=last).for_each(|sequence| self.frame(sequence).notify(1));
        self.room.notify(1);
    }

    fn land_all(&self, ring: &Ring) {
        for Ended { sealed, result, started } in ring.poll() {
            self.land(sealed, result, started);
        }
    }

    /// Waits until the kernel is done with all frames.
    pub(super) fn drain(&self) {
        let Who::Ring(ring) = &self.who else { return };
        while !ring.is_idle() {
            let _ = ring.wait(None);
            self.land_all(ring);
        }
    }
}
