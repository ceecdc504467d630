//! A writer that is killed at any moment leaves every acknowledged record.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use bedplate::io::{AppendLog, LogReader};

const CHILD: &str = "BEDPLATE_TEST_LOG";

fn data(lsn: u64) -> Vec<u8> {
    [lsn.to_le_bytes().as_slice(), &vec![lsn as u8; (lsn % 2000) as usize]].concat()
}

/// The child: appends without end and prints what was acknowledged. In an ordinary run it does nothing.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let log = AppendLog::options().segment_size(256 << 10).open(dir).unwrap();
    let mut out = std::io::stderr();
    loop {
        let first = log.next_lsn().get();
        log.append_batch((first..first + first % 5 + 1).map(data)).unwrap();
        let durable = log.commit().unwrap();
        writeln!(out, "{durable}").unwrap();
    }
}

#[test]
fn a_killed_writer_loses_nothing_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut lines_seen = 0;
    for round in 1..=6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut acknowledged = 0;
        for line in lines.by_ref().take(round * 17) {
            acknowledged = line.unwrap().parse().unwrap();
        }
        child.kill().unwrap();
        // What was printed before the kill was acknowledged too; a line may be cut off.
        for line in lines.map_while(Result::ok) {
            acknowledged = acknowledged.max(line.parse().unwrap_or(0));
            lines_seen += 1;
        }
        child.wait().unwrap();

        let log = AppendLog::options().segment_size(256 << 10).open(dir.path()).unwrap();
        assert!(log.durable_lsn().get() >= acknowledged, "{} of {acknowledged}", log.durable_lsn());
        drop(log);
        let mut next = 1;
        let mut reader = LogReader::open(dir.path()).unwrap();
        while let Some(record) = reader.next_record().unwrap() {
            assert_eq!(record.lsn.get(), next);
            assert!(record.data == data(next));
            next += 1;
        }
        assert!(next > acknowledged && acknowledged > 0);
    }
    println!("{lines_seen} lines came after the kill was decided");
}
