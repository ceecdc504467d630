use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::program::{figures, file, pipeline, stderr, verify};

#[test]
fn wrong_arguments_are_refused_with_status_2() {
    for args in [
        &["--no-such-option"][..],
        &["--filter", "level"],
        &["--filter", "n<many"],
        &["--enrich-cost", "soon"],
        &["--events", "0"],
        &["--block", "5000"],
        &["--compare", "-"],
    ] {
        let Some(mut pipeline) = pipeline() else { return };
        let output = pipeline.args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("--help"), "{args:?} names the way to help");
    }
}

#[test]
fn help_names_every_option() {
    let Some(mut pipeline) = pipeline() else { return };
    let output = pipeline.arg("--help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for option in [
        "--events",
        "--key",
        "--filter",
        "--enrich-cost",
        "--max-line",
        "--log",
        "--acks",
        "--json",
        "--compare",
        "--verify",
    ] {
        assert!(help.contains(option), "{option}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let Some(mut pipeline) = pipeline() else { return };
    let output = pipeline.arg("/no/such/file").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/no/such/file"), "{}", stderr(&output));
}

#[test]
fn a_folder_is_no_input() {
    let Some(mut pipeline) = pipeline() else { return };
    let output = pipeline.arg("/proc").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/proc"), "{}", stderr(&output));
}

#[test]
fn an_unreadable_file_keeps_what_came_before_it() {
    let Some(mut pipeline) = pipeline() else { return };
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good", b"one\ntwo\n");
    let locked = file(folder.path(), "locked", b"three\n");
    fs::set_permissions(&locked, Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&locked).is_ok() {
        println!("skipped: this user may read every file");
        return;
    }
    let log = folder.path().join("log");
    let output = pipeline.args([&good, &locked]).arg("--log").arg(&log).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("locked"), "{}", stderr(&output));
    assert_eq!(verify(&log)["records"], 2.0);
}

/// A file system of `size` that is unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, with a line that says so, where this user may not mount.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        if mount.is_ok_and(|m| m.status.success()) {
            return Some(Self(folder));
        }
        println!("skipped: a small file system cannot be mounted here");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_ends_the_run_and_leaves_a_whole_log() {
    let Some(mut pipeline) = pipeline() else { return };
    // Room for one segment of the log and not for a second.
    let Some(disk) = SmallDisk::mount("70m") else { return };
    let folder = tempfile::tempdir().unwrap();
    let line = format!("word {}\n", "x".repeat(1_000));
    let input = file(folder.path(), "in", line.repeat(100_000).as_bytes());
    let log = disk.0.path().join("log");
    let output = pipeline.arg(&input).arg("--log").arg(&log).output().unwrap();
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.to_lowercase().contains("no space"), "{told}");
    let figures = figures(&output);
    assert_eq!(figures["readback_matches"], 1.0, "what was acknowledged is there");
    let records = verify(&log)["records"];
    assert!(figures["log_records"] <= records && records < 100_000.0, "{records}");
    assert!(records > 10_000.0, "the first segment was filled: {records}");
}

#[test]
fn a_disk_too_small_for_a_log_is_told_at_the_start() {
    let Some(mut pipeline) = pipeline() else { return };
    let Some(disk) = SmallDisk::mount("2m") else { return };
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in", b"a word\n");
    let output = pipeline.arg(&input).arg("--log").arg(disk.0.path().join("log")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).to_lowercase().contains("no space"), "{}", stderr(&output));
}
