use std::path::Path;

use super::group::Group;
use super::mount::Mount;
use crate::topo::CgroupLimits;
use crate::topo::files::Files;

/// The limits by the groups that `proc` names for the process, in the hierarchies that it says to be mounted. `root` is
/// the folder that mount points are under: `/`, except for a snapshot of another machine.
///
/// Each controller is looked for in version 1 and, where that tells nothing, in version 2: hybrid systems have both. No
/// hierarchy and no file is no limit; a file that is not understood is a warning.
pub(in crate::topo) fn cgroup_limits(root: &Path, proc: &mut Files) -> CgroupLimits {
    let groups = proc.text("self/cgroup");
    // Some snapshots have only this one, which is of the one controller.
    let cpuset_group = if groups.is_none() { proc.text("self/cpuset") } else { None };
    if groups.is_none() && cpuset_group.is_none() {
        return CgroupLimits::default();
    }
    let mounts = Mount::read_all(proc);
    let find = |controller: Option<&str>| {
        let listed = groups.as_deref().and_then(|groups| path_of(groups, controller));
        let path = listed.or(cpuset_group.as_deref().filter(|_| controller != Some("cpu")))?;
        Group::find(root, &mounts, controller, path)
    };
    let mut limits = CgroupLimits::default();
    let (mut cpuset, mut cpu, mut unified) = (find(Some("cpuset")), find(Some("cpu")), find(None));
    for group in [&mut cpuset, &mut unified].into_iter().flatten() {
        limits.cpus = limits.cpus.or_else(|| group.cpus());
        limits.nodes = limits.nodes.or_else(|| group.nodes());
    }
    for group in [&mut cpu, &mut unified].into_iter().flatten() {
        limits.quota = limits.quota.or_else(|| group.quota());
    }
    for group in [cpuset, cpu, unified].into_iter().flatten() {
        group.into_warnings().into_iter().for_each(|warning| proc.warn(warning));
    }
    limits
}

/// The path of the process's group in the hierarchy of a controller of version 1, or in that of version 2, by the lines of
/// `/proc/self/cgroup`: `4:cpu,cpuacct:/a` and `0::/a`.
fn path_of<'a>(groups: &'a str, controller: Option<&str>) -> Option<&'a str> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let is_it = match controller {
            Some(controller) => controllers.split(',').any(|one| one == controller),
            None => id == "0" && controllers.is_empty(),
        };
        is_it.then_some(path)
    })
}
