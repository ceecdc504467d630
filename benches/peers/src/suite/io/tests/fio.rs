use crate::suite::io::fio::{Fio, FioError, Report};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What version 3.33 wrote of random reads of 50 ms, with a note before it.
const RECORDED: &str = include_str!("fio-3.33.json");

fn wrong(text: &str) -> String {
    match Report::parse(text) {
        Err(FioError::Output(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_figures_are_those_of_the_direction_that_did_something() {
    let report = Report::parse(RECORDED).expect("a report");
    let expected = Report { bytes: 3_661_824, transfers: 894, time: Duration::from_millis(54) };
    assert_eq!(report, expected);
    assert!((report.iops() - 894.0 / 0.054).abs() < 1e-6 && (report.rate() - 3.661_824 / 0.054).abs() < 1e-6);
    // The same for the other direction: their names exchanged.
    let exchanged = RECORDED.replace("\"read\" :", "\"r\" :").replace("\"write\" :", "\"read\" :");
    assert_eq!(Report::parse(&exchanged.replace("\"r\" :", "\"write\" :")).expect("a report"), expected);
}

#[test]
fn output_that_tells_no_figures_is_refused() {
    assert_eq!(wrong(""), "no JSON");
    assert_eq!(wrong("fio: nothing to do"), "no JSON");
    assert!(wrong("{").contains("EOF"), "{}", wrong("{"));
    assert!(wrong("{}").contains("jobs"));
    assert_eq!(wrong(r#"{ "jobs": [] }"#), "not one job");
    assert!(wrong(&RECORDED[..RECORDED.len() / 2]).contains("EOF"), "cut short");
    assert_eq!(wrong(&RECORDED.replace(r#""error" : 0"#, r#""error" : 5"#)), "error 5 of the job");
    assert_eq!(wrong(&RECORDED.replace(r#""runtime" : 54"#, r#""runtime" : 0"#)), "a job that did nothing");
    assert_eq!(wrong(&RECORDED.replace(r#""total_ios" : 894"#, r#""total_ios" : 0"#)), "a job that did nothing");
    assert_eq!(wrong(&RECORDED.replace(r#""total_ios" : 0"#, r#""total_ios" : 7"#)), "a job that reads and writes");
    assert_eq!(
        wrong(&RECORDED.replacen(r#""short_ios" : 0"#, r#""short_ios" : 1"#, 1)),
        "transfers that were cut short"
    );
}

/// A shell with that script in place of fio, and a folder of its own.
fn program(script: &str) -> (TempDir, Fio) {
    (tempfile::tempdir().expect("a folder"), Fio::new("sh").arg("-c").arg(script).arg("fio"))
}

#[test]
fn a_machine_without_fio_says_so() {
    let why = Fio::new("/no/such/fio").version().expect_err("it is not there");
    assert!(why.contains("fio cannot be started"), "{why}");
    assert!(matches!(Fio::new("/no/such/fio").run(Path::new("/tmp")), Err(FioError::Io(_))));
}

#[test]
fn a_version_is_what_it_says() {
    assert_eq!(program("echo fio-9.9").1.version().as_deref(), Ok("fio-9.9"));
    assert!(program("exit 1").1.version().expect_err("it failed").contains("exit status: 1"));
}

#[test]
fn what_a_job_writes_to_its_output_is_its_report() {
    let (folder, fio) =
        program(r#"for arg; do case "$arg" in --output=*) cp recorded "${arg#--output=}";; esac; done"#);
    fs::write(folder.path().join("recorded"), RECORDED).expect("a file");
    assert_eq!(fio.run(folder.path()).expect("a report").transfers, 894);
    let left = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("a file").file_name());
    let left: Vec<_> = left.collect();
    assert_eq!(left, ["recorded"], "what it wrote is removed");
}

#[test]
fn a_job_that_fails_says_what_fio_said() {
    let (folder, fio) = program("echo 'fio: engine nope not loadable' >&2; exit 1");
    let error = fio.run(folder.path()).expect_err("it failed").to_string();
    assert!(error.contains("nope not loadable") && error.contains("exit status: 1"), "{error}");
}

#[test]
fn a_job_that_does_nothing_is_refused() {
    let (folder, fio) = program("exit 0");
    assert!(matches!(fio.run(folder.path()), Err(FioError::Output(_))));
}

#[test]
fn a_job_that_does_not_end_is_ended() {
    let (folder, fio) = program("exec sleep 60");
    let start = Instant::now();
    let limit = Duration::from_millis(50);
    assert!(matches!(fio.limit(limit).run(folder.path()), Err(FioError::TooLong(l)) if l == limit));
    assert!(start.elapsed() < Duration::from_secs(30), "it was not waited for");
}

#[test]
fn the_fio_of_this_machine_does_a_job() {
    if let Err(why) = Fio::new("fio").version() {
        println!("skipped: {why}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, vec![1; 1 << 20]).expect("a file");
    // Not past the page cache, which not all file systems have.
    let job = Fio::job("psync", &file, "read", 4096, 1).arg("--direct=0");
    let report = job.clone().run(folder.path()).expect("a report");
    assert_eq!((report.bytes, report.transfers), (1 << 20, 256));
    let error = job.arg("--ioengine=nope").run(folder.path()).expect_err("no such engine").to_string();
    assert!(error.contains("nope"), "{error}");
}
