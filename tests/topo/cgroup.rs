//! Limits of control groups, as small trees show them, and once for real.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bedplate::topo::{CpuSet, NodeSet, Topology, Warning};
use proptest::prelude::*;

/// A machine of eight CPUs that is made up of files, to be given groups.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.write("sys/devices/system/cpu/online", "0-7\n");
        files.iter().for_each(|(path, text)| tree.write(path, text));
        tree
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn detect(&self) -> Topology {
        Topology::builder().root(self.path()).detect().unwrap()
    }

    /// The CPUs, the nodes, and the quota in milliseconds.
    fn limits(&self) -> (String, String, Option<(u128, u128)>) {
        let machine = self.detect();
        let quota = machine.cpu_quota().map(|quota| (quota.run.as_millis(), quota.period.as_millis()));
        let groups = machine.cgroup();
        let text = |set: Option<String>| set.unwrap_or_else(|| "-".to_owned());
        let limits = (
            text(groups.cpus.as_ref().map(CpuSet::to_string)),
            text(groups.nodes.as_ref().map(NodeSet::to_string)),
            quota,
        );
        assert_eq!(groups_warnings(&machine), Vec::<String>::new());
        limits
    }
}

/// The warnings that tell of groups, and not of what such a small tree lacks.
fn groups_warnings(machine: &Topology) -> Vec<String> {
    let is_file = |warning: &&Warning| {
        matches!(warning, Warning::NoQuota { .. } | Warning::Malformed { .. } | Warning::Unreadable { .. })
    };
    machine.warnings().iter().filter(is_file).map(ToString::to_string).collect()
}

const V2: (&str, &str) =
    ("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");

#[test]
fn the_least_quota_of_all_groups_above_counts() {
    let tree = Tree::new(&[
        V2,
        ("proc/self/cgroup", "0::/app.slice/app.service/inner\n"),
        ("sys/fs/cgroup/app.slice/cpu.max", "150000 100000\n"),
        ("sys/fs/cgroup/app.slice/app.service/cpu.max", "max 100000\n"),
        // More time in a longer period: 2 CPUs.
        ("sys/fs/cgroup/app.slice/app.service/inner/cpu.max", "400000 200000\n"),
        ("sys/fs/cgroup/other/cpu.max", "1000 100000\n"),
    ]);
    assert_eq!(tree.limits(), ("-".into(), "-".into(), Some((150, 100))));
    assert_eq!(tree.detect().cpu_quota().unwrap().cpus(), 1.5);
    tree.write("sys/fs/cgroup/app.slice/app.service/inner/cpu.max", "200000 200000");
    assert_eq!(tree.limits().2, Some((200, 200)));
    tree.write("sys/fs/cgroup/cpu.max", "10000 20000");
    assert_eq!(tree.limits().2, Some((10, 20)));
}

#[test]
fn a_set_is_that_of_the_nearest_group_that_tells() {
    let tree = Tree::new(&[
        V2,
        ("proc/self/cgroup", "0::/a/b/c\n"),
        ("sys/fs/cgroup/cpuset.cpus.effective", "0-7\n"),
        ("sys/fs/cgroup/cpuset.mems.effective", "0-1\n"),
        ("sys/fs/cgroup/a/cpuset.cpus.effective", "0-3\n"),
        // What was asked for, which need not be what was obtained.
        ("sys/fs/cgroup/a/cpuset.cpus", "0-5\n"),
        // Made, and without the controller.
        ("sys/fs/cgroup/a/b/cgroup.procs", ""),
    ]);
    assert_eq!(tree.limits(), ("0-3".into(), "0-1".into(), None));
    tree.write("sys/fs/cgroup/a/b/c/cpuset.cpus.effective", "2\n");
    tree.write("sys/fs/cgroup/a/b/c/cpuset.mems.effective", "1\n");
    assert_eq!(tree.limits(), ("2".into(), "1".into(), None));
    assert_eq!(tree.detect().allowed(), &CpuSet::single(2));
    // No process can be where there is no CPU: the group does not have the controller after all.
    tree.write("sys/fs/cgroup/a/b/c/cpuset.cpus.effective", "\n");
    assert_eq!(tree.limits().0, "0-3");
}

/// Each controller in a hierarchy of its own.
const V1: (&str, &str) = (
    "proc/self/mountinfo",
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
     34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime shared:1 master:2 - cgroup cgroup rw,cpuset\n\
     35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
     41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
);

#[test]
fn version_1_has_a_path_for_each_controller() {
    let tree = Tree::new(&[
        V1,
        ("proc/self/cgroup", "4:memory:/m\n3:cpuset:/set\n2:cpu,cpuacct:/time/in:ner\n0::/unified\n"),
        ("sys/fs/cgroup/cpuset/cpuset.cpus", "0-7"),
        ("sys/fs/cgroup/cpuset/set/cpuset.cpus", "1-9"),
        ("sys/fs/cgroup/cpuset/set/cpuset.mems", "0"),
        ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
        ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
        ("sys/fs/cgroup/cpu,cpuacct/time/cpu.cfs_quota_us", "25000\n"),
        ("sys/fs/cgroup/cpu,cpuacct/time/cpu.cfs_period_us", "50000\n"),
        ("sys/fs/cgroup/cpu,cpuacct/time/in:ner/cpu.cfs_quota_us", "60000\n"),
        ("sys/fs/cgroup/cpu,cpuacct/time/in:ner/cpu.cfs_period_us", "100000\n"),
        // That of another controller.
        ("sys/fs/cgroup/memory/m/cpu.cfs_quota_us", "1\n"),
    ]);
    assert_eq!(tree.limits(), ("1-9".into(), "0".into(), Some((25, 50))));
    // What the kernel made of it, where it is there.
    tree.write("sys/fs/cgroup/cpuset/set/cpuset.effective_cpus", "1-7");
    assert_eq!(tree.limits().0, "1-7");
    tree.write("sys/fs/cgroup/cpu,cpuacct/time/cpu.cfs_quota_us", "-1");
    assert_eq!(tree.limits().2, Some((60, 100)));
}

#[test]
fn on_hybrid_systems_each_controller_is_in_one_of_the_versions() {
    let tree = Tree::new(&[
        V1,
        ("proc/self/cgroup", "3:cpuset:/\n0::/unit\n"),
        ("sys/fs/cgroup/cpuset/cpuset.cpus", "0-1"),
        ("sys/fs/cgroup/unified/unit/cpuset.cpus.effective", "4-5"),
        ("sys/fs/cgroup/unified/unit/cpuset.mems.effective", "3"),
        ("sys/fs/cgroup/unified/unit/cpu.max", "300000 100000"),
    ]);
    assert_eq!(tree.limits(), ("0-1".into(), "3".into(), Some((300, 100))));
}

#[test]
fn names_may_lack_that_of_the_controller() {
    for mounts in [
        "cpuset /dev/cpuset cgroup rw,relatime,cpuset,noprefix,release_agent=/sbin/x 0 0\n",
        "none /dev/cpuset cpuset rw 0 0\n",
    ] {
        let tree = Tree::new(&[
            ("proc/mounts", mounts),
            ("proc/self/cpuset", "/job\n"),
            ("dev/cpuset/cpus", "0-7\n"),
            ("dev/cpuset/job/cpus", "0-3\n"),
            ("dev/cpuset/job/mems", "2-3\n"),
            // Not the name that counts here.
            ("dev/cpuset/job/cpuset.cpus", "7\n"),
        ]);
        assert_eq!(tree.limits(), ("0-3".into(), "2-3".into(), None));
    }
}

#[test]
fn a_container_sees_a_part_of_the_hierarchy() {
    let group = ("sys/fs/cgroup/cpu.max", "50000 100000");
    let tree = |path: &str, root: &str, files: &[(&str, &str)]| {
        let tree = Tree::new(files);
        tree.write("proc/self/cgroup", format!("0::{path}\n"));
        tree.write(
            "proc/self/mountinfo",
            format!("1 0 0:3 {root} /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n2 1 0:4 / /tmp rw - tmpfs tmpfs rw\n"),
        );
        tree
    };
    let inner = ("sys/fs/cgroup/in/cpu.max", "20000 100000");
    // The container's group is mounted alone, and the path is that of the whole.
    assert_eq!(tree("/docker/ab", "/docker/ab", &[group]).limits().2, Some((50, 100)));
    assert_eq!(tree("/docker/ab/in", "/docker/ab", &[group, inner]).limits().2, Some((20, 100)));
    assert_eq!(tree("/docker/abc", "/docker/ab", &[group]).limits().2, None);
    // A namespace, and a mount that was made in it.
    assert_eq!(tree("/", "/", &[group]).limits().2, Some((50, 100)));
    assert_eq!(tree("/in", "/", &[group, inner]).limits().2, Some((20, 100)));
    // A mount from above the namespace: only that it is above is known.
    assert_eq!(tree("/", "/../..", &[group]).limits().2, Some((50, 100)));
    assert_eq!(tree("/in", "/..", &[group, inner]).limits().2, Some((50, 100)));
    assert_eq!(tree("/../in", "/../..", &[group, inner]).limits().2, Some((50, 100)));
    assert_eq!(tree("/../in", "/..", &[group, inner]).limits().2, Some((20, 100)));
    // The process is outside of what the namespace shows.
    assert_eq!(tree("/../in", "/", &[group, inner]).limits().2, None);
    assert_eq!(tree("/", "/../other", &[group]).limits().2, None);
    // Only the container's own group is shown, at the place of the whole.
    assert_eq!(tree("/docker/ab", "/", &[group]).limits().2, Some((50, 100)));
}

#[test]
fn of_several_mounts_the_one_that_shows_most_counts() {
    let tree = Tree::new(&[
        ("proc/self/cgroup", "0::/a/b\n"),
        (
            "proc/self/mountinfo",
            "1 0 0:3 /a/b /part rw - cgroup2 cgroup2 rw\n\
             2 0 0:3 / /not/there rw - cgroup2 cgroup2 rw\n\
             3 0 0:3 / /hidden rw - cgroup2 cgroup2 rw\n\
             4 0 0:3 / /the\\040whole\\134 rw - cgroup2 cgroup2 rw\n\
             5 0 0:3 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
             not a line - of\nthem -\n",
        ),
        ("part/cpu.max", "50000 100000"),
        ("hidden/other", ""),
        ("the whole\\/a/b/cpu.max", "50000 100000"),
        ("the whole\\/a/cpu.max", "40000 100000"),
        ("sys/fs/cgroup/a/b/cpu.max", "1 100000"),
    ]);
    assert_eq!(tree.limits().2, Some((40, 100)));
}

#[test]
fn what_is_not_understood_is_told_and_limits_nothing() {
    let tree = Tree::new(&[
        V2,
        ("proc/self/cgroup", "0::/a/b\n"),
        ("sys/fs/cgroup/cpuset.cpus.effective", "0-3\n"),
        ("sys/fs/cgroup/a/cpuset.cpus.effective", "0-x\n"),
        ("sys/fs/cgroup/a/cpu.max", "70000 100000\n"),
        ("sys/fs/cgroup/a/b/cpu.max", "much 100000\n"),
    ]);
    let machine = tree.detect();
    assert_eq!(machine.cgroup().cpus, Some(CpuSet::from(0..4)));
    assert_eq!(machine.cpu_quota().unwrap().run, Duration::from_millis(70));
    let path = tree.path().join("sys/fs/cgroup/a").display().to_string();
    assert_eq!(
        groups_warnings(&machine),
        [
            format!("{path}/cpuset.cpus.effective is not understood: `x` at byte 2 is not a number"),
            format!("{path}/b/cpu.max holds no quota of CPU time: `much 100000`"),
        ]
    );
    for text in ["", "5", "5 0", "5 -1", "5 x", "+ 5", "max", "-1 x", "99999999999999999999 1"] {
        tree.write("sys/fs/cgroup/a/b/cpu.max", text);
        let machine = tree.detect();
        assert_eq!(machine.cpu_quota().unwrap().run, Duration::from_millis(70), "{text}");
        let is_limitless = ["max", "-1 x"].contains(&text);
        assert_eq!(groups_warnings(&machine).len(), 2 - usize::from(is_limitless), "{text}");
    }
}

#[test]
fn no_group_is_no_limit_and_no_warning() {
    let none = ("-".to_owned(), "-".to_owned(), None);
    assert_eq!(Tree::new(&[]).limits(), none);
    assert_eq!(Tree::new(&[V2]).limits(), none);
    assert_eq!(Tree::new(&[("proc/self/cgroup", "0::/a\n")]).limits(), none);
    assert_eq!(Tree::new(&[V1, ("proc/self/cgroup", "0::/a\n")]).limits(), none);
    for path in ["/../../..", "/a/../b", "/./a", "", &"/a".repeat(100_000)] {
        let tree = Tree::new(&[V2, ("sys/fs/cgroup/a/b/cpu.max", "1 1")]);
        tree.write("proc/self/cgroup", format!("0::{path}\n"));
        assert_eq!(tree.limits(), none, "{path}");
    }
}

#[test]
fn threads_are_those_that_can_be_busy_at_once() {
    let threads = |quota: &str, allowed: &str| {
        let tree = Tree::new(&[V2, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/cpu.max", quota)]);
        Topology::builder().root(tree.path()).allowed(allowed.parse().unwrap()).detect().unwrap().suggested_threads()
    };
    assert_eq!(threads("max 100000", "0-7"), 8);
    assert_eq!(threads("max 100000", "2,5"), 2);
    assert_eq!(threads("150000 100000", "0-7"), 2);
    assert_eq!(threads("300000 100000", "0-7"), 3);
    assert_eq!(threads("300001 100000", "0-7"), 4);
    assert_eq!(threads("1000 100000", "0-7"), 1);
    assert_eq!(threads("0 100000", "0-7"), 1);
    assert_eq!(threads("900000 100000", "0-3"), 4);
    assert_eq!(threads("18446744073709551615 1", "0-7"), 8);
}

#[test]
fn this_machine_suggests_what_the_library_does_but_for_rounding() {
    let machine = Topology::detect().unwrap();
    let theirs = std::thread::available_parallelism().unwrap().get();
    let up = usize::from(machine.cpu_quota().is_some_and(|quota| quota.cpus().fract() > 0.0));
    assert!((theirs..=theirs + up).contains(&machine.suggested_threads()), "{machine:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_panics(
        groups in "([0-9]:(cpu|cpuset|cpu,cpuset)?:[/ab.:]{0,8}\n?){0,4}",
        mounts in "(1 0 0:1 [/ab.]{1,5} [/ab\\\\04]{1,5} rw -? (cgroup|cgroup2) x [cpuset,noprefix]{0,12}\n?){0,4}",
        files in prop::collection::vec(("[ab/]{0,4}", 0..5usize, "[0-9 max,\\-\n\0]{0,12}"), 0..8),
    ) {
        let tree = Tree::new(&[("proc/self/cgroup", &groups), ("proc/self/mountinfo", &mounts)]);
        for (folder, name, text) in files {
            let names = ["cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpuset.cpus.effective", "cpuset.cpus"];
            let path = format!("a{folder}/{}", names[name]);
            // A name may be that of a file and of a folder.
            let _ = fs::create_dir_all(tree.path().join(&path).parent().unwrap());
            let _ = fs::write(tree.path().join(path), text);
        }
        let machine = tree.detect();
        prop_assert!((1..=8).contains(&machine.suggested_threads()));
        prop_assert!(machine.cpu_quota().is_none_or(|quota| quota.cpus().is_finite()));
    }
}

/// Groups that exist while this lives.
struct Groups(Vec<std::path::PathBuf>);

impl Groups {
    fn add(&mut self, folder: &Path, settings: &[(&str, &str)]) -> std::io::Result<()> {
        fs::create_dir(folder)?;
        self.0.push(folder.to_owned());
        settings.iter().try_for_each(|(name, value)| fs::write(folder.join(name), value))
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        self.0.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

/// Makes groups with a quota of 1.5 CPUs, around one without, and with the first allowed CPU alone, of version 1. Returns
/// the files that a process is put in by.
fn make_groups(groups: &mut Groups, cpu: usize) -> std::io::Result<Vec<std::path::PathBuf>> {
    let name = format!("bedplate-test-{}", std::process::id());
    let time = Path::new("/sys/fs/cgroup/cpu").join(&name);
    groups.add(&time, &[("cpu.cfs_period_us", "200000"), ("cpu.cfs_quota_us", "300000")])?;
    groups.add(&time.join("inner"), &[])?;
    let sets = Path::new("/sys/fs/cgroup/cpuset");
    let nodes = fs::read_to_string(sets.join("cpuset.mems"))?;
    groups.add(&sets.join(&name), &[("cpuset.cpus", &cpu.to_string()), ("cpuset.mems", &nodes)])?;
    Ok([time.join("inner"), sets.join(&name)].map(|folder| folder.join("cgroup.procs")).into())
}

#[test]
fn a_process_in_real_groups_sees_their_limits() {
    const INSIDE: &str = "BEDPLATE_TEST_IN_GROUP";
    let machine = Topology::detect().unwrap();
    if let Ok(cpu) = std::env::var(INSIDE) {
        let cpu = CpuSet::single(cpu.parse().unwrap());
        assert_eq!(machine.cgroup().cpus.as_ref(), Some(&cpu));
        assert_eq!(machine.allowed(), &cpu);
        let quota = machine.cpu_quota().unwrap();
        assert_eq!((quota.run, quota.period), (Duration::from_millis(300), Duration::from_millis(200)));
        assert_eq!(machine.suggested_threads(), 1);
        println!("seen from inside");
        return;
    }
    let mut groups = Groups(Vec::new());
    let cpu = machine.allowed().first().unwrap();
    let doors = match make_groups(&mut groups, cpu) {
        Ok(doors) => doors,
        Err(error) => {
            println!("skipped: no groups of version 1 can be made here: {error}");
            return;
        }
    };
    let doors: Vec<_> = doors.iter().map(|door| format!("echo $$ > {}", door.display())).collect();
    let inside = std::process::Command::new("sh")
        .args(["-c", &format!("{} && exec \"$0\" --exact {} --nocapture", doors.join(" && "), TEST)])
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, cpu.to_string())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&inside.stdout);
    assert!(inside.status.success() && told.contains("seen from inside"), "{inside:?}");
}

const TEST: &str = "cgroup::a_process_in_real_groups_sees_their_limits";
