mod args;
mod harness;
mod report;
mod shape;
