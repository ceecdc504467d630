mod args;
mod harness;
mod report;
