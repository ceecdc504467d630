//! Files whose calls are short, interrupted, refused or fail.

mod durability;
mod options;
mod reads;
mod scratch;
mod space;
mod unaligned;
mod writes;
