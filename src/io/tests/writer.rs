//! What a writer makes of a file that fails.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::engine::{BACKENDS, aligned, pattern, temporary};
use super::faults::{Call, EINTR, EIO, ENOSPC, EOPNOTSUPP, Fault, Faults};
use crate::io::publish::Unpublished;
use crate::io::{Alignment, Backend, DirectFile, DirectWriter, WriteFailed};
use crate::sys::Demand;

const BLOCK: usize = 4096;
const LEN: usize = 6 * BLOCK + 100;

fn content_of(file: &File) -> Vec<u8> {
    let mut content = vec![0; file.metadata().unwrap().len() as usize];
    file.read_exact_at(&mut content, 0).unwrap();
    content
}

fn over(file: DirectFile, backend: Backend) -> DirectWriter {
    DirectWriter::builder().block_size(BLOCK).backend(backend).over(file).unwrap()
}

#[test]
fn a_short_or_interrupted_write_at_any_call_loses_nothing() {
    let content = pattern(LEN);
    for backend in BACKENDS {
        for unit in [1, 512] {
            for fault in
                [Fault::Errno(EINTR), Fault::Short(1), Fault::Short(511), Fault::Short(512), Fault::Short(1000)]
            {
                for call in 0..8 {
                    let faults = Faults::new();
                    faults.on(Call::Write, call, fault).on(Call::Write, call + 1, fault);
                    let file = temporary(&pattern(LEN + 5000));
                    let mut writer = over(faults.file(file.try_clone().unwrap(), aligned(unit)), backend);
                    for piece in content.chunks(1234) {
                        writer.write_all(piece).unwrap();
                    }
                    writer.finish().unwrap();
                    assert!(content_of(&file) == content, "{backend:?} {unit} {fault:?} {call}");
                }
            }
        }
    }
}

#[test]
fn an_error_at_any_call_is_told_once_and_is_final() {
    let content = pattern(LEN);
    for backend in BACKENDS {
        for fault in [Fault::Errno(EIO), Fault::Errno(ENOSPC), Fault::Torn(1024, EIO)] {
            for call in 0..7 {
                let faults = Faults::new();
                faults.on(Call::Write, call, fault);
                let file = temporary(b"");
                let mut writer = over(faults.file(file.try_clone().unwrap(), aligned(512)), backend);
                let mut errors = Vec::new();
                for piece in content.chunks(1000) {
                    errors.extend(writer.write_all(piece).err());
                }
                errors.extend(writer.flush().err());
                let written = writer.written();
                assert!(written <= (call * BLOCK) as u64 || backend == Backend::Threads(3));
                assert!(content_of(&file)[..written as usize] == content[..written as usize]);
                let last = writer.finish();
                errors.extend(last.err());
                let expected = if fault == Fault::Errno(ENOSPC) { ENOSPC } else { EIO };
                assert_eq!(errors[0].raw_os_error(), Some(expected), "{backend:?} {call}: {errors:?}");
                let rest = &errors[1..];
                assert!(rest.iter().all(|e| e.get_ref().is_some_and(|e| e.is::<WriteFailed>())), "{rest:?}");
                assert_eq!(errors.len() > 1, call < 6, "all but the tail's error come up before the end");
            }
        }
    }
}

/// A writer that is to publish at `path` and writes to a file that fails.
fn creating(path: &Path, faults: &Faults, backend: Backend) -> DirectWriter {
    let (unpublished, file) = Unpublished::create(path, Demand::Off).unwrap();
    let file = faults.file(File::from(file.as_fd().try_clone_to_owned().unwrap()), aligned(512));
    DirectWriter::builder().block_size(BLOCK).backend(backend).write(file, Some(unpublished)).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_fails_before_the_end_does_not_appear() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    for backend in BACKENDS {
        for call in [Call::Write, Call::SetLen, Call::SyncData] {
            for errno in [EIO, ENOSPC] {
                let faults = Faults::new();
                faults.on(call, 0, Fault::Errno(errno));
                let mut writer = creating(&path, &faults, backend);
                writer.write_all(&pattern(1000)).unwrap();
                let error = writer.finish().unwrap_err();
                assert_eq!(error.raw_os_error(), Some(errno), "{backend:?} {call:?}: {error}");
                assert!(names(dir.path()).is_empty(), "{backend:?} {call:?}");
                let later = [Call::SetLen, Call::SyncData, Call::SyncAll].map(|call| faults.count(call));
                let expected = match call {
                    Call::Write => [0, 0, 0],
                    Call::SetLen => [1, 0, 0],
                    _ => [1, 1, 0],
                };
                assert_eq!(later, expected, "written, then cut, then synced, then named");
            }
        }
    }
}

#[test]
fn the_name_is_synced_last() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let faults = Faults::new();
    let mut writer = creating(&path, &faults, Backend::Inline);
    writer.write_all(&pattern(1000)).unwrap();
    writer.finish().unwrap();
    assert!(fs::read(&path).unwrap() == pattern(1000));
    assert_eq!((faults.count(Call::SetLen), faults.count(Call::SyncData)), (1, 1));
    // The last sync of a file that had no name fails: the name is there, and the error tells that it may not stay.
    let faults = Faults::new();
    faults.on(Call::SyncAll, 0, Fault::Errno(EIO));
    let mut writer = creating(&path, &faults, Backend::Inline);
    writer.write_all(b"new").unwrap();
    let error = writer.finish();
    match faults.count(Call::SyncAll) {
        0 => println!("skipped: no unnamed files here"),
        _ => assert_eq!(error.unwrap_err().raw_os_error(), Some(EIO)),
    }
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["f"]);
}

#[test]
fn space_is_reserved_ahead_and_doing_without_is_no_error() {
    let content = pattern(50 * BLOCK + 1);
    for errno in [None, Some(EOPNOTSUPP), Some(ENOSPC)] {
        for backend in BACKENDS {
            let faults = Faults::new();
            if let Some(errno) = errno {
                faults.always(Call::Allocate, Fault::Errno(errno));
            }
            let file = temporary(b"before");
            let mut writer = over(faults.file(file.try_clone().unwrap(), aligned(512)), backend);
            writer.write_all(&content).unwrap();
            let allocations = faults.count(Call::Allocate);
            match backend {
                Backend::Inline => assert_eq!(allocations, 0, "a write that is alone gains nothing"),
                // Whether one was alone is a matter of time; a refusal is not asked for again.
                _ => assert!(allocations <= if errno.is_some() { 1 } else { 2 }, "{allocations}"),
            }
            writer.finish().unwrap();
            assert!(content_of(&file) == content, "{errno:?} {backend:?}");
        }
    }
}

#[test]
fn an_expected_length_is_reserved_or_its_refusal_told() {
    let build = |faults: &Faults, file: &File, len| {
        let file = faults.file(file.try_clone().unwrap(), aligned(512));
        DirectWriter::builder().block_size(BLOCK).expected_len(len).over(file)
    };
    let file = temporary(b"before");
    let faults = Faults::new();
    let writer = build(&faults, &file, 100_000).unwrap();
    assert!(faults.count(Call::Allocate) > 0);
    assert_eq!(file.metadata().unwrap().len(), 100_000usize.next_multiple_of(512) as u64);
    drop(writer);
    assert_eq!(content_of(&file), b"before", "a writer that is dropped takes back what it reserved");

    let faults = Faults::new();
    faults.always(Call::Allocate, Fault::Errno(ENOSPC));
    assert_eq!(build(&faults, &file, 100_000).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(content_of(&file), b"before");
    let error = build(&Faults::new(), &file, u64::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{error}");

    let faults = Faults::new();
    faults.always(Call::Allocate, Fault::Errno(EOPNOTSUPP));
    let mut writer = build(&faults, &file, 100_000).unwrap();
    writer.write_all(b"after").unwrap();
    writer.finish().unwrap();
    assert_eq!(content_of(&file), b"after");
}

#[test]
fn padding_is_zeros_whatever_the_memory_held() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let pool = crate::pool::BlockPool::builder().block_size(BLOCK).max_blocks(1).build().unwrap();
    pool.acquire().unwrap().as_full_mut().fill(0xee);
    let faults = Faults::new();
    // What was written is seen in the file that could not be cut.
    faults.on(Call::SetLen, 0, Fault::Errno(EIO));
    fs::write(&path, "").unwrap();
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let alignment = Some(Alignment { memory: 512, offset: 512 });
    let file = DirectFile::with_storage(faults.storage(file), alignment);
    let mut writer = DirectWriter::builder().pool(pool).over(file).unwrap();
    writer.write_all(&[1; 700]).unwrap();
    writer.finish().unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), [vec![1; 700], vec![0; 324]].concat());
}

#[test]
fn a_file_without_unnamed_files_is_published_by_its_hidden_name() {
    let dir = tempfile::tempdir().unwrap();
    // The longest name there is leaves no room for anything around it.
    for name in ["f".to_owned(), "n".repeat(255)] {
        let path = dir.path().join(&name);
        for before in [None, Some("before")] {
            let _ = fs::remove_file(&path);
            if let Some(before) = before {
                fs::write(&path, before).unwrap();
            }
            let create = || {
                let (unpublished, file) = Unpublished::at(&path).unwrap().create_hidden(Demand::Prefer).unwrap();
                DirectWriter::builder().block_size(BLOCK).write(file, Some(unpublished)).unwrap()
            };
            let mut writer = create();
            writer.write_all(&pattern(LEN)).unwrap();
            let other = create();
            let hidden: Vec<_> = names(dir.path()).into_iter().filter(|n| *n != name).collect();
            assert_eq!(hidden.len(), 2, "two writers have two names: {hidden:?}");
            assert!(hidden.iter().all(|n| n.starts_with('.') && n.ends_with(".tmp")), "{hidden:?}");
            assert_eq!(fs::read(&path).ok().as_deref(), before.map(str::as_bytes));
            drop(other);
            writer.finish().unwrap();
            assert!(fs::read(&path).unwrap() == pattern(LEN));
            assert_eq!(names(dir.path()), [name.as_str()]);
        }
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_place_that_is_taken_at_the_end_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    for hidden in [false, true] {
        let (unpublished, file) = match hidden {
            false => Unpublished::create(&path, Demand::Off).unwrap(),
            true => Unpublished::at(&path).unwrap().create_hidden(Demand::Off).unwrap(),
        };
        let mut writer = DirectWriter::builder().block_size(BLOCK).write(file, Some(unpublished)).unwrap();
        writer.write_all(b"new").unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(writer.finish().unwrap_err().kind(), ErrorKind::IsADirectory);
        assert_eq!(names(dir.path()), ["f"]);
        fs::remove_dir(&path).unwrap();
    }
}
