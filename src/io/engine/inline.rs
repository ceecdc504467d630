use super::{Direction, Done, Request};
use crate::io::DirectFile;
use crate::primitive::Arc;
use crate::time::Clock;

/// The calling thread: what is submitted is done at once.
#[derive(Debug)]
pub(in crate::io) struct Inline {
    file: Arc<DirectFile>,
    direction: Direction,
    done: Option<Done>,
}

impl Inline {
    pub(in crate::io) fn new(file: Arc<DirectFile>, direction: Direction) -> Self {
        Self { file, direction, done: None }
    }

    pub(super) fn in_flight(&self) -> usize {
        usize::from(self.done.is_some())
    }

    pub(super) fn submit(&mut self, mut request: Request) {
        let result = request.run(&self.file, self.direction);
        self.done = Some(request.finish(self.direction, result, Clock::Monotonic.now()));
    }

    pub(super) fn take(&mut self) -> Option<Done> {
        self.done.take()
    }
}
