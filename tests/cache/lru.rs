mod boundaries;
mod order;
mod panics;
