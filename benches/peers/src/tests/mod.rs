mod allocated;
mod args;
mod harness;
mod keys;
mod report;
mod shape;
