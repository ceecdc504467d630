#![allow(unsafe_code)] // A child enters its group between fork and exec.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A control group of its own, whose members' CPU time the kernel counts: that of all their threads, ended ones too, and
/// of the threads that the kernel makes for them (`iou-wrk`).
#[derive(Debug)]
pub struct ControlGroup {
    folder: PathBuf,
    version: Version,
}

/// Which of the kernel's two kinds of control groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// With the controller `cpuacct`.
    One,
    /// Where each group counts.
    Two,
}

impl ControlGroup {
    /// A group below that of this process; or why there can be none.
    pub fn create() -> Result<Self, String> {
        let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let places = Self::places(&read("/proc/self/mountinfo")?, &read("/proc/self/cgroup")?);
        let mut why = "no control groups that count CPU time are mounted".to_owned();
        for (version, parent) in places {
            match Self::create_in(&parent, version) {
                Ok(group) => return Ok(group),
                Err(error) => why = format!("no control group can be made in {}: {error}", parent.display()),
            }
        }
        Err(why)
    }

    /// A group below that one.
    pub fn create_in(parent: &Path, version: Version) -> io::Result<Self> {
        static NAMES: AtomicU64 = AtomicU64::new(0);
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("bedplate-peers-{}-{number}", std::process::id()));
        fs::create_dir(&folder)?;
        let group = Self { folder, version };
        group.cpu()?;
        Ok(group)
    }

    /// Where the kernel shows it.
    #[cfg(test)]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folders of the groups that this process is in and that count CPU time, by `/proc/self/mountinfo` and
    /// `/proc/self/cgroup`.
    pub fn places(mounts: &str, groups: &str) -> Vec<(Version, PathBuf)> {
        let place = |version, is_it: &dyn Fn(&str, &str) -> bool, group: &str| {
            let (root, mounted) = mounts.lines().find_map(|line| {
                let (left, right) = line.split_once(" - ")?;
                let mut left = left.split(' ').skip(3);
                let (root, mounted) = (left.next()?, left.next()?);
                let mut right = right.split(' ');
                let (kind, options) = (right.next()?, right.nth(1)?);
                is_it(kind, options).then_some((root, mounted))
            })?;
            // In a container the mount may begin at a group further down.
            let below = group.strip_prefix(root.trim_end_matches('/')).unwrap_or_default();
            Some((version, Path::new(mounted).join(below.trim_start_matches('/'))))
        };
        let group = |controllers: &dyn Fn(&str) -> bool| {
            groups.lines().find_map(|line| {
                let mut parts = line.splitn(3, ':').skip(1);
                let (names, path) = (parts.next()?, parts.next()?);
                controllers(names).then_some(path)
            })
        };
        let counts = |names: &str| names.split(',').any(|name| name == "cpuacct");
        let first = group(&counts)
            .and_then(|group| place(Version::One, &|kind, options| kind == "cgroup" && counts(options), group));
        let second = group(&str::is_empty).and_then(|group| place(Version::Two, &|kind, _| kind == "cgroup2", group));
        first.into_iter().chain(second).collect()
    }

    /// The process that `command` starts will be a member from its first instruction on.
    pub fn enlist(&self, command: &mut Command) -> io::Result<()> {
        let members = fs::OpenOptions::new().write(true).open(self.folder.join("cgroup.procs"))?;
        let enter = move || {
            // Whoever writes it.
            rustix::io::write(&members, b"0")?;
            Ok(())
        };
        // SAFETY: between fork and exec only what is safe in a signal handler may be done: this makes one system call on
        // a descriptor that is open, allocates nothing and takes no lock.
        unsafe { command.pre_exec(enter) };
        Ok(())
    }

    /// The CPU time that its members have taken so far.
    pub fn cpu(&self) -> io::Result<Duration> {
        let read = |file: &str| fs::read_to_string(self.folder.join(file));
        let time = match self.version {
            Version::One => read("cpuacct.usage")?.trim().parse().ok().map(Duration::from_nanos),
            Version::Two => read("cpu.stat")?
                .lines()
                .find_map(|line| line.strip_prefix("usage_usec "))
                .and_then(|micros| micros.parse().ok())
                .map(Duration::from_micros),
        };
        time.ok_or_else(|| io::Error::other(format!("{} does not tell its CPU time", self.folder.display())))
    }
}

/// Works when all members have ended.
impl Drop for ControlGroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}
