//! Writers that are killed, and readers of a file that is replaced again and again.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bedplate::io::{Backend, DirectWriter};

use crate::alone::{again, allowed, in_a_process_of_its_own, inside, with_mounts};
use crate::backends::backends;
use crate::mount::Mount;

/// The backend of this number, and where.
fn wish(what: &str) -> (Backend, &Path) {
    let (number, path) = what.split_once(' ').unwrap();
    (backends()[number.parse::<usize>().unwrap()], Path::new(path))
}

/// This program again, to run the test `name` until it is killed, and what it says on the way.
fn victim(name: &str, backend: usize, path: &Path) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut command = again(name, &format!("{backend} {}", path.display()));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    (child, lines)
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The victim: writes a file that is never finished. In an ordinary run it does nothing.
#[test]
fn endless() {
    let Some(what) = inside() else { return };
    let (backend, path) = wish(&what);
    let mut writer = DirectWriter::builder().block_size(64 << 10).backend(backend).create(path).unwrap();
    for i in 0..u64::MAX {
        writer.write_all(&[i as u8; 10_000]).unwrap();
        if i % 100 == 99 {
            writer.flush().unwrap();
            writeln!(std::io::stderr(), "{i}").unwrap();
        }
    }
}

#[test]
fn a_file_that_is_not_finished_does_not_appear() {
    with_mounts(|| {
        let memory = allowed("mount", Mount::tmpfs(256 << 20));
        let disk = tempfile::tempdir().unwrap();
        for folder in [Some(disk.path()), memory.as_ref().map(Mount::path)].into_iter().flatten() {
            for (number, backend) in backends().into_iter().enumerate() {
                let (child, lines) = victim("killed::endless", number, &folder.join("f"));
                assert_eq!(lines.take(number + 2).count(), number + 2);
                // Without a name, where the file system has files without one; both have.
                assert!(names(folder).is_empty(), "{backend:?}: {:?}", names(folder));
                kill(child);
                assert!(names(folder).is_empty(), "{backend:?}: {:?}", names(folder));
            }
        }
    });
}

/// What a version of the file holds: its number all over, and as much of it as the number says.
fn version(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(1000 + number as usize % 5 * 7000)
}

/// Whole, and which.
fn number_of(content: &[u8]) -> u64 {
    let number = u64::from_le_bytes(content[..8].try_into().unwrap());
    assert!(content == version(number), "no version: {} bytes, {number}", content.len());
    number
}

/// The victim: replaces a file without end. In an ordinary run it does nothing.
#[test]
fn replacing() {
    let Some(what) = inside() else { return };
    let (backend, path) = wish(&what);
    for number in 2.. {
        let mut writer = DirectWriter::builder().block_size(16 << 10).backend(backend).create(path).unwrap();
        writer.write_all(&version(number)).unwrap();
        writer.finish().unwrap();
        writeln!(std::io::stderr(), "{number}").unwrap();
    }
}

#[test]
fn a_reader_sees_one_version_or_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    for backend in 0..backends().len() {
        fs::write(&path, version(1)).unwrap();
        let (child, mut lines) = victim("killed::replacing", backend, &path);
        let ended = AtomicBool::new(false);
        let acknowledged = thread::scope(|s| {
            let reader = s.spawn(|| {
                let mut last = 1;
                while !ended.load(Ordering::Relaxed) {
                    let number = number_of(&fs::read(&path).unwrap());
                    assert!(number >= last, "{number} after {last}");
                    last = number;
                }
                last
            });
            let mut acknowledged = 1;
            for line in lines.by_ref().take(30) {
                acknowledged = line.parse().unwrap();
            }
            ended.store(true, Ordering::Relaxed);
            let seen: u64 = reader.join().unwrap();
            assert!(seen > 1, "{seen}");
            acknowledged
        });
        kill(child);
        // Said before it was killed; a line may be cut off.
        let acknowledged = lines.filter_map(|line| line.parse::<u64>().ok()).fold(acknowledged, u64::max);
        assert!((acknowledged..=acknowledged + 1).contains(&number_of(&fs::read(&path).unwrap())));
        // At most the one name under which it was just about to take its place.
        assert!(names(folder.path()).len() <= 2, "{:?}", names(folder.path()));
        for name in names(folder.path()) {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
}

/// Dropped in the same process it leaves nothing either, finished or not.
#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    in_a_process_of_its_own("killed::a_writer_that_is_dropped_leaves_nothing", || {
        let folder = tempfile::tempdir().unwrap();
        for backend in backends() {
            let mut writer = DirectWriter::builder().backend(backend).create(folder.path().join("f")).unwrap();
            writer.write_all(&version(9)).unwrap();
            drop(writer);
            assert!(names(folder.path()).is_empty());
        }
        // Not a descriptor more than before.
        let open = |_: ()| fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open(());
        for backend in backends() {
            let mut writer = DirectWriter::builder().backend(backend).create(folder.path().join("f")).unwrap();
            writer.write_all(&version(9)).unwrap();
            writer.finish().unwrap();
        }
        assert_eq!(open(()), before);
    });
}
