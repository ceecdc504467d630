use std::time::Duration;

use super::trigger::Trigger;
use crate::time::{Deadline, Instant};

/// How long the open batch waits for more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linger {
    most: Duration,
    steps: Option<Steps>,
}

/// A linger in steps: one in which nothing came is the last. It learns how long a step is worth while.
#[derive(Clone, Copy, Debug)]
struct Steps {
    /// Zero where a wait has proved useless.
    step: Duration,
    /// When to look next.
    next: Instant,
    /// How many items there were at the last look.
    seen: usize,
    /// Whether any step of this batch has brought an item.
    gained: bool,
    /// How many batches of several items there were without a wait.
    without: u32,
}

impl Steps {
    /// The first step, the longest, and the shortest before there is none, as parts of the linger.
    const FIRST: u32 = 8;
    const LONGEST: u32 = 4;
    const SHORTEST: u32 = 256;
    /// The step of a new attempt, and after how many batches without a wait, each of several items, there is one.
    const AGAIN: u32 = 64;
    const BATCHES: u32 = 16;
}

impl Linger {
    /// The same for all batches.
    pub(super) fn fixed(linger: Duration) -> Self {
        Self { most: linger, steps: None }
    }

    /// Up to `most`, in steps.
    pub(super) fn adaptive(most: Duration) -> Self {
        let step = most / Steps::FIRST;
        let steps = Steps { step, next: Instant::default(), seen: 0, gained: false, without: 0 };
        Self { most, steps: Some(steps) }
    }

    /// Whether a batch has to know when its first item came.
    pub(super) fn is_timed(&self) -> bool {
        !(self.most.is_zero() || self.most == Duration::MAX)
    }

    /// Whether nothing is waited for.
    pub(super) fn is_zero(&self) -> bool {
        self.most.is_zero() || self.steps.is_some_and(|steps| steps.step.is_zero())
    }

    /// Begins a batch whose first item came `since`.
    pub(super) fn begin(&mut self, since: Instant) {
        if let Some(steps) = &mut self.steps {
            *steps = Steps { next: since + steps.step, seen: 1, gained: false, ..*steps };
        }
    }

    /// When to look at a batch again that began `since`.
    pub(super) fn end(&self, since: Instant) -> Deadline {
        let most = after(since, self.most);
        self.steps.map_or(most, |steps| most.min(after(steps.next, Duration::ZERO)))
    }

    /// When what came `since` has waited as long as anything may.
    pub(super) fn last_end(&self, since: Instant) -> Deadline {
        after(since, self.most)
    }

    /// Looks at a batch of `len` items that began `since`, and tells whether it has waited long enough `now`.
    pub(super) fn is_over(&mut self, now: Instant, since: Instant, len: usize) -> bool {
        if self.last_end(since).instant().is_some_and(|end| now >= end) {
            return true;
        }
        let Some(steps) = &mut self.steps else { return false };
        if now < steps.next {
            return false;
        }
        if len <= steps.seen {
            return true;
        }
        *steps = Steps { next: now + steps.step, seen: len, gained: true, ..*steps };
        false
    }

    /// Ends a batch of `len` items, by `trigger`, and learns from it.
    pub(super) fn learn(&mut self, trigger: Trigger, len: usize) {
        let most = self.most;
        let Some(steps) = &mut self.steps else { return };
        if steps.step.is_zero() {
            steps.without += u32::from(len > 1);
            if steps.without == Steps::BATCHES {
                (steps.without, steps.step) = (0, most / Steps::AGAIN);
            }
        } else if steps.gained || trigger.is_full() {
            steps.step = steps.step.saturating_mul(2).min(most / Steps::LONGEST);
        } else if trigger == Trigger::Linger {
            steps.step /= 2;
            if steps.step < most / Steps::SHORTEST {
                steps.step = Duration::ZERO;
            }
        }
    }
}

fn after(since: Instant, wait: Duration) -> Deadline {
    match since + wait {
        Instant::MAX => Deadline::NEVER,
        end => Deadline::at(end),
    }
}
