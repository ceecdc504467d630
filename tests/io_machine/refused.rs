//! Where io_uring, or the memory that it wants to lock, is refused.

use std::fs;
use std::io::{ErrorKind, Read, Write};

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectReader, DirectWriter, Uring, UringUnavailable};
use bedplate::mem::AlignedBuf;
use bedplate::pool::{Block, BlockPool};

use crate::alone::{allowed, become_nobody, in_a_process_of_its_own, limit};
use crate::filter::{IO_URING, in_a_filtered_process};
use crate::noise::noise;

const LEN: usize = 300_000;

/// Streams that ask for a ring do their work without one, and say so.
fn streams_go_on(obtained: Backend) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let content = noise(LEN, 1);
    let builder = DirectWriter::builder().block_size(64 << 10).backend(Backend::Uring);
    for builder in [builder.clone(), builder.demand(Demand::Prefer)] {
        let mut writer = builder.create(&path).unwrap();
        assert_eq!(writer.backend(), obtained);
        writer.write_all(&content).unwrap();
        writer.finish().unwrap();
        assert!(fs::read(&path).unwrap() == content);
    }
    let builder = DirectReader::builder().block_size(64 << 10).backend(Backend::Uring);
    for builder in [builder.clone(), builder.demand(Demand::Prefer)] {
        let mut reader = builder.open(&path).unwrap();
        assert_eq!(reader.backend(), obtained);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert!(read == content);
    }
}

fn streams_are_refused(errno: i32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    fs::write(&path, "old").unwrap();
    let errors = [
        DirectReader::builder().backend(Backend::Uring).demand(Demand::Require).open(&path).unwrap_err(),
        DirectWriter::builder().backend(Backend::Uring).demand(Demand::Require).create(&path).unwrap_err(),
        Uring::builder().build::<Block>().unwrap_err(),
        Uring::builder().registered(Demand::Off).build::<AlignedBuf>().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<UringUnavailable>()).expect("why");
        assert_eq!(inner.cause().raw_os_error(), Some(errno));
    }
    // Nothing was made on the way to the error.
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn refused_with(errno: i32) {
    streams_go_on(Backend::Inline);
    streams_are_refused(errno);
}

#[test]
fn as_container_runtimes_do() {
    let name = "refused::as_container_runtimes_do";
    in_a_filtered_process(name, &IO_URING, libc::EPERM, || refused_with(libc::EPERM));
}

#[test]
fn as_sandboxes_do_that_hide_it() {
    let name = "refused::as_sandboxes_do_that_hide_it";
    in_a_filtered_process(name, &IO_URING, libc::ENOSYS, || refused_with(libc::ENOSYS));
}

#[test]
fn without_a_filter_there_is_one() {
    // Where this fails the others say little.
    match Uring::builder().build::<Block>() {
        Ok(_) => streams_go_on(Backend::Uring),
        Err(error) => println!("skipped: no io_uring here: {error}"),
    }
}

#[test]
fn memory_that_may_not_be_locked_is_not() {
    in_a_process_of_its_own("refused::memory_that_may_not_be_locked_is_not", || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let content = noise(LEN, 2);
        fs::write(&path, &content).unwrap();
        // Room for the rings, which count too where the kernel is new, and not for a slab of a MiB.
        limit(libc::RLIMIT_MEMLOCK, 512 << 10).unwrap();
        // Root is not bound by the limit.
        if allowed("change the user", become_nobody()).is_none() {
            return;
        }
        let pool = BlockPool::builder().block_size(64 << 10).slab_blocks(16).max_blocks(32).build().unwrap();
        // So that the pool has something to register.
        drop(pool.acquire().unwrap());

        let mut ring = match Uring::builder().registered(Demand::Prefer).build::<Block>() {
            Ok(ring) => ring,
            Err(error) => return println!("skipped: no io_uring here: {error}"),
        };
        assert!(!ring.register_pool(&pool).unwrap(), "a MiB was locked");
        assert_eq!(ring.effective().slabs, 0);
        let file = ring.register_file(DirectFile::options().read().open(&path).unwrap()).unwrap();
        ring.read(file, pool.acquire().unwrap(), 65_536).unwrap();
        ring.wait(1, None).unwrap();
        let done = ring.poll().unwrap();
        assert_eq!(done.result.unwrap(), 65_536);
        assert!(*done.buffers.one().unwrap() == content[65_536..131_072]);
        assert_eq!(ring.stats().fixed, 0);

        let mut strict = Uring::builder().registered(Demand::Require).build::<Block>().unwrap();
        let error = strict.register_pool(&pool).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOMEM), "{error}");

        // The stream has its ring, without memory of its own in it.
        let reader = DirectReader::builder().pool(pool).backend(Backend::Uring).demand(Demand::Require);
        let mut reader = reader.open(&path).unwrap();
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert!(read == content);
    });
}
