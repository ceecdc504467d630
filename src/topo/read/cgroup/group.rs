use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mount::Mount;
use crate::topo::files::Files;
use crate::topo::{CpuQuota, CpuSet, NodeSet, Warning};

/// The longest path of a group that the kernel tells, and so the bound of how many groups above each other are read.
const LONGEST_PATH: usize = 4096;

/// How much of a file that is not understood is told.
const LONGEST_EXCERPT: usize = 64;

/// The control group of the process in one hierarchy, and those above it as far as they are mounted.
#[derive(Debug)]
pub(super) struct Group {
    folder: PathBuf,
    files: Files,
    /// Below `folder`, with a slash behind each name; empty for the group at the mount point itself.
    path: String,
    /// What names of files start with, in version 1.
    prefix: Option<&'static str>,
    warnings: Vec<Warning>,
}

impl Group {
    /// The group with this path in the hierarchy that the controller is in, or in that of version 2. `None` where it is not
    /// mounted.
    pub(super) fn find(root: &Path, mounts: &[Mount], controller: Option<&str>, path: &str) -> Option<Self> {
        let mounts = mounts.iter().filter(|mount| mount.serves(controller));
        let mut seen: Vec<_> = mounts.filter_map(|mount| Some((mount, below(path, &mount.root)?))).collect();
        // The mount that shows the most of the groups above comes first.
        seen.sort_by_key(|(_, path)| Reverse(path.len()));
        let open = |(mount, path): (&Mount, String)| {
            let prefix = controller.map(|_| if mount.has_bare_names() { "" } else { "cpuset." });
            let folder = root.join(mount.point.trim_start_matches('/'));
            Self { files: Files::of_attributes(&folder), folder, path, prefix, warnings: Vec::new() }
        };
        let mut groups: Vec<_> = seen.into_iter().map(open).filter(|group| group.files.exists(".")).collect();
        // A mount may lie hidden under another. Where none has the group, as in containers that were shown only their own
        // part under the path of the whole, the mount point is the group.
        let whole = groups.iter().position(|group| group.files.exists(&format!("./{}", group.path)));
        (!groups.is_empty()).then(|| groups.swap_remove(whole.unwrap_or(0)))
    }

    pub(super) fn into_warnings(self) -> Vec<Warning> {
        let mut warnings = self.files.into_warnings();
        warnings.extend(self.warnings);
        warnings
    }

    /// The CPUs that it may use.
    pub(super) fn cpus(&mut self) -> Option<CpuSet> {
        self.nearest("cpus", Files::list, CpuSet::is_empty)
    }

    /// The memory nodes that it may use.
    pub(super) fn nodes(&mut self) -> Option<NodeSet> {
        self.nearest("mems", Files::node_list, NodeSet::is_empty)
    }

    /// The set that is told for the group, or else for the nearest above it. An empty one limits nothing: no process can be
    /// in a group whose set is empty, so it is one that is not in use.
    fn nearest<T>(
        &mut self,
        set: &str,
        read: fn(&mut Files, &str) -> Option<T>,
        is_empty: fn(&T) -> bool,
    ) -> Option<T> {
        let names = match self.prefix {
            None => vec![format!("cpuset.{set}.effective")],
            // The second alone before Linux 3.17; with both, the second is what was asked for.
            Some(prefix) => vec![format!("{prefix}effective_{set}"), format!("{prefix}{set}")],
        };
        let files = &mut self.files;
        let mut found = levels(&self.path).flat_map(|level| names.iter().map(move |name| format!("{level}{name}")));
        found.find_map(|path| read(files, &path).filter(|set| !is_empty(set)))
    }

    /// The least quota, as CPUs, of the group and those above it.
    pub(super) fn quota(&mut self) -> Option<CpuQuota> {
        let mut least: Option<CpuQuota> = None;
        for level in levels(&self.path) {
            let quota = match self.prefix {
                None => self.files.text(&format!("{level}cpu.max")).map(|text| (text, "cpu.max")),
                Some(_) => {
                    let run = self.files.text(&format!("{level}cpu.cfs_quota_us"));
                    run.map(|run| {
                        let period = self.files.text(&format!("{level}cpu.cfs_period_us"));
                        (format!("{run} {}", period.unwrap_or_default()), "cpu.cfs_quota_us")
                    })
                }
            };
            let Some((text, name)) = quota else { continue };
            match parse(&text) {
                Ok(Some(quota)) if least.is_none_or(|least| quota.is_less_than(least)) => least = Some(quota),
                Ok(_) => {}
                Err(()) => {
                    let path = self.folder.join(format!("{level}{name}"));
                    let text = text.chars().take(LONGEST_EXCERPT).collect();
                    self.warnings.push(Warning::NoQuota { path, text });
                }
            }
        }
        least
    }
}

/// `50000 100000`: both in microseconds. `max` or a number below zero is no limit.
fn parse(text: &str) -> Result<Option<CpuQuota>, ()> {
    let mut words = text.split_ascii_whitespace();
    let (run, period) = (words.next().ok_or(())?, words.next());
    if run == "max" || run.parse::<i64>().is_ok_and(|run| run < 0) {
        return Ok(None);
    }
    let run = run.parse().map_err(|_| ())?;
    let period = period.and_then(|period| period.parse().ok()).filter(|period| *period > 0).ok_or(())?;
    Ok(Some(CpuQuota { run: Duration::from_micros(run), period: Duration::from_micros(period) }))
}

/// The group's folder and those above it, up to that of the mount, each with a slash behind.
fn levels(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at + 1);
    ends.chain([0]).map(|end| &path[..end])
}

/// Where the group `path` is below a mount that shows the group `root`, with a slash behind each name. `None` where the
/// mount does not show it.
///
/// Both start at the root of the reader's namespace, and with `..` where they are above or beside it. A mount that is
/// above it was made outside: what is between has names that are not told, so that only the mount point itself, which is
/// above the group as well, can be found.
fn below(path: &str, root: &str) -> Option<String> {
    if path.len() > LONGEST_PATH {
        return None;
    }
    let ((path_ups, path), (root_ups, root)) = (split(path)?, split(root)?);
    let names = if path_ups == root_ups {
        path.strip_prefix(&root[..])?
    } else if root_ups > path_ups && root.is_empty() {
        &[]
    } else {
        return None;
    };
    Some(names.iter().flat_map(|name| [name, "/"]).collect())
}

/// How often a path starts with `..`, and the names after that.
fn split(path: &str) -> Option<(usize, Vec<&str>)> {
    let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
    let mut ups = 0;
    while names.next_if_eq(&"..").is_some() {
        ups += 1;
    }
    let names: Vec<_> = names.collect();
    (!names.contains(&"..") && !names.contains(&".")).then_some((ups, names))
}
