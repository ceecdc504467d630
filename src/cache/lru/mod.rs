//! The strict map of one thread: exactly the least recently used entry goes.

mod builder;
mod carried;
mod counts;
mod limited;
mod limited_insert;
mod limits;
mod lookup;
mod map;
mod plain;
mod shared;
mod slots;

pub use builder::LruBuilder;
pub use map::Lru;

#[cfg(test)]
mod tests;
