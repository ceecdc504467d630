use crate::suite::io::bounded::wait_bounded;
use crate::suite::io::control_group::{ControlGroup, Version};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

#[test]
fn the_places_are_where_groups_are_mounted_that_count() {
    let hybrid = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                  32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
                  33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpuacct\n\
                  41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    let groups = "4:memory:/elsewhere\n2:cpuacct:/job/1\n1:cpu:/elsewhere\n0::/user\n";
    let places = |mounts, groups| {
        let places = ControlGroup::places(mounts, groups);
        places.into_iter().map(|(version, path)| (version, path.display().to_string())).collect::<Vec<_>>()
    };
    assert_eq!(
        places(hybrid, groups),
        [
            (Version::One, "/sys/fs/cgroup/cpuacct/job/1".to_owned()),
            (Version::Two, "/sys/fs/cgroup/unified/user".to_owned())
        ]
    );
    // A controller beside another, and in a container a mount that begins further down.
    let container = "50 40 0:30 /docker/x /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup ro,cpu,cpuacct\n";
    assert_eq!(
        places(container, "2:cpu,cpuacct:/docker/x/y\n"),
        [(Version::One, "/sys/fs/cgroup/cpu,cpuacct/y".to_owned())]
    );
    assert_eq!(places("1 0 8:1 / / rw - ext4 /dev/vda rw\n", groups), []);
}

#[test]
fn a_group_counts_its_members_and_nobody_else() {
    let read = |path| std::fs::read_to_string(path).expect("a file of the kernel");
    let places = ControlGroup::places(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"));
    let mut counted = 0;
    for (version, parent) in places {
        let group = match ControlGroup::create_in(&parent, version) {
            Ok(group) => group,
            Err(error) => {
                println!("skipped: no group in {}: {error}", parent.display());
                continue;
            }
        };
        assert_eq!(group.cpu().expect("a count"), Duration::ZERO);
        // Some CPU time of this process, and then of two members, one the child of the other.
        assert!((0..1_000_000).fold(0_u64, |sum, n| std::hint::black_box(sum ^ n)) < u64::MAX);
        assert_eq!(group.cpu().expect("a count"), Duration::ZERO, "who is no member is not counted");
        let mut command = Command::new("sh");
        command.args(["-c", "n=0; while [ $n -lt 20000 ]; do n=$((n+1)); done; sh -c 'exit 0'; cat /proc/self/cgroup"]);
        group.enlist(&mut command).expect("a group");
        let output = command.output().expect("a shell");
        assert!(String::from_utf8_lossy(&output.stdout).contains("bedplate-peers-"), "it and its children are members");
        let cpu = group.cpu().expect("a count");
        assert!(cpu > Duration::from_millis(1), "{cpu:?} for twenty thousand turns of a shell");
        assert!(cpu < Duration::from_secs(20), "{cpu:?}");
        let mut command = Command::new("sleep");
        group.enlist(command.arg("0.01")).expect("a group");
        let ended = wait_bounded(&mut command.spawn().expect("a program"), Duration::from_secs(20));
        assert!(ended.expect("a wait").expect("an end").success());
        let slept = group.cpu().expect("a count") - cpu;
        assert!(slept < cpu.max(Duration::from_millis(10)), "{slept:?} for a program that sleeps");
        counted += 1;
    }
    println!("{counted} kinds of groups");
}

#[test]
fn a_group_is_removed_with_its_value_and_two_have_two_names() {
    let Ok(first) = ControlGroup::create() else {
        println!("skipped: no control group can be made");
        return;
    };
    let second = ControlGroup::create().expect("another");
    let folders = [first.folder().to_owned(), second.folder().to_owned()];
    assert_ne!(folders[0], folders[1]);
    assert!(folders.iter().all(|folder| folder.is_dir()));
    drop((first, second));
    assert!(!folders.iter().any(|folder| folder.exists()));
}

#[test]
fn what_is_no_group_is_no_place_for_one() {
    assert!(ControlGroup::create_in(Path::new("/no/such/folder"), Version::Two).is_err());
    let plain = tempfile::tempdir().expect("a folder");
    assert!(ControlGroup::create_in(plain.path(), Version::One).is_err(), "it tells no CPU time");
    assert_eq!(std::fs::read_dir(plain.path()).expect("a folder").count(), 0, "nothing is left");
}
