//! Threads and descriptors that the process may not have more of.

use std::fs;
use std::io::{ErrorKind, Read, Write};

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectReader, DirectWriter};

use crate::alone::{allowed, become_nobody, in_a_process_of_its_own, limit};
use crate::backends::backends;
use crate::noise::noise;

#[test]
fn threads_that_may_not_be_started_are_done_without() {
    in_a_process_of_its_own("limits::threads_that_may_not_be_started_are_done_without", || {
        let file = tempfile::NamedTempFile::new().unwrap();
        let file = || DirectFile::options().read().write().open(file.path()).unwrap();
        let (read, written, required) = (file(), file(), file());
        limit(libc::RLIMIT_NPROC, 0).unwrap();
        // Root is not bound by the limit.
        if allowed("change the user", become_nobody()).is_none() {
            return;
        }
        let two = Backend::Threads(2);
        let error = DirectReader::builder().backend(two).demand(Demand::Require).from_file(required).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");

        let mut writer = DirectWriter::builder().backend(two).over(written).unwrap();
        assert_eq!(writer.backend(), Backend::Inline);
        writer.write_all(&noise(50_000, 1)).unwrap();
        writer.finish().unwrap();
        let mut reader = DirectReader::builder().backend(two).from_file(read).unwrap();
        assert_eq!(reader.backend(), Backend::Inline);
        let mut content = Vec::new();
        reader.read_to_end(&mut content).unwrap();
        assert!(content == noise(50_000, 1));
    });
}

#[test]
fn no_descriptor_is_left_for_more_than_the_file() {
    in_a_process_of_its_own("limits::no_descriptor_is_left_for_more_than_the_file", || {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), noise(50_000, 1)).unwrap();
        let files: Vec<_> =
            backends().iter().map(|_| DirectFile::options().read().open(file.path()).unwrap()).collect();
        limit(libc::RLIMIT_NOFILE, 0).unwrap();
        for (backend, file) in backends().into_iter().zip(files) {
            let mut reader = DirectReader::builder().backend(backend).from_file(file).unwrap();
            // A ring is a descriptor, threads are none.
            let expected = if let Backend::Threads(_) = backend { backend } else { Backend::Inline };
            assert_eq!(reader.backend(), expected);
            let mut content = Vec::new();
            reader.read_to_end(&mut content).unwrap();
            assert!(content == noise(50_000, 1));
        }
        assert!(DirectWriter::create(file.path()).is_err());
    });
}
