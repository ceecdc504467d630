//! What is appended, and what must be found of it.

use std::path::Path;

use bedplate::io::{AppendLog, AppendLogOptions, LogReader};

/// Segments of a few frames: rolls, trims and recycled files are many.
pub fn options() -> AppendLogOptions {
    AppendLog::options().segment_size(64 << 10).buffer_size(16 << 10)
}

/// What a thread appends as its record `i`: they tell themselves.
pub fn record(thread: u32, i: u32) -> Vec<u8> {
    let len = (thread * 37 + i * 211) as usize % 3000;
    let mut data = [thread.to_le_bytes(), i.to_le_bytes()].concat();
    data.extend((0..len).map(|n| (n as u32 ^ thread ^ i) as u8));
    data
}

/// Reads the log at `dir` to its end: each record whole, each thread's in order and without a gap. Gives the numbers of
/// the first and the last.
pub fn read(dir: &Path) -> (u64, u64) {
    let mut reader = LogReader::open(dir).unwrap();
    let mut next = [None; 16];
    let (mut first, mut last) = (0, 0);
    while let Some(found) = reader.next_record().unwrap() {
        let lsn = found.lsn.get();
        assert!(last == 0 || lsn == last + 1, "{lsn} behind {last}");
        first = if last == 0 { lsn } else { first };
        last = lsn;
        let [thread, i] = [0, 4].map(|at| u32::from_le_bytes(found.data[at..at + 4].try_into().unwrap()));
        assert!(found.data == record(thread, i), "record {lsn} is not what was appended");
        let next = &mut next[thread as usize];
        // Where the log was trimmed, a thread begins in the middle.
        assert!(next.is_none_or(|next| next == i) && (next.is_some() || i == 0 || first > 1), "{thread}: {i} at {lsn}");
        *next = Some(i + 1);
    }
    (first, last)
}
