//! The files of a log, without the log: format, window, segments, recovery and readers on segments made by hand.

mod format;
mod reader;
mod recovery;
mod scratch;
mod segments;
