//! What a reader makes of a file that fails.

use std::io;

use super::engine::{BACKENDS, aligned, pattern, temporary};
use super::faults::{Call, EINTR, EIO, Fault, Faults};
use crate::io::{Backend, DirectReader};

const BLOCK: usize = 4096;

/// Reads to the end, blocks of it, and goes on after errors; the content, and where errors came.
fn read_all(reader: &mut DirectReader) -> (Vec<u8>, Vec<(u64, io::Error)>) {
    let (mut content, mut errors) = (Vec::new(), Vec::new());
    loop {
        let before = reader.position();
        match reader.next_block() {
            Ok(Some(block)) => {
                assert_eq!(before, content.len() as u64);
                content.extend_from_slice(&block);
            }
            Ok(None) => return (content, errors),
            Err(e) => {
                assert_eq!(reader.position(), before, "an error leaves the position");
                errors.push((before, e));
                assert!(errors.len() < 100, "{errors:?}");
            }
        }
    }
}

#[test]
fn a_fault_at_any_call_loses_nothing() {
    let content = pattern(6 * BLOCK + 100);
    let faults_at_calls = [
        Fault::Errno(EINTR),
        Fault::Short(1),
        Fault::Short(511),
        Fault::Short(512),
        Fault::Short(1000),
        Fault::Errno(EIO),
    ];
    for backend in BACKENDS {
        for unit in [1, 512] {
            for fault in faults_at_calls {
                for call in 0..9 {
                    let faults = Faults::new();
                    faults.on(Call::Read, call, fault);
                    let file = faults.file(temporary(&content), aligned(unit));
                    let builder = DirectReader::builder().block_size(BLOCK).backend(backend);
                    let mut reader = builder.from_file(file).unwrap();
                    let (got, errors) = read_all(&mut reader);
                    assert!(got == content, "{backend:?} {unit} {fault:?} {call}");
                    assert_eq!(reader.stats().blocks, 7, "only the last block is short");
                    // Calls after the last of those that are needed do not happen.
                    let told = fault == Fault::Errno(EIO) && call < faults.count(Call::Read) && call < 7;
                    assert_eq!(errors.len(), usize::from(told), "{backend:?} {call} {errors:?}");
                    if let [(at, error)] = &errors[..] {
                        assert_eq!(error.raw_os_error(), Some(EIO));
                        // Several threads may make their calls in another order.
                        let in_order = matches!(backend, Backend::Inline | Backend::Threads(1));
                        assert!(!in_order || *at == (call * BLOCK) as u64, "the error comes in its turn: {at}");
                    }
                    assert_eq!(reader.pool().stats().in_use, 0);
                }
            }
        }
    }
}

#[test]
fn nothing_behind_the_end_is_asked_for() {
    for backend in BACKENDS {
        for len in [1, 511, 512, BLOCK, 3 * BLOCK, 3 * BLOCK + 1] {
            let faults = Faults::new();
            let file = faults.file(temporary(&pattern(len)), aligned(512));
            let mut reader = DirectReader::builder().block_size(BLOCK).backend(backend).from_file(file).unwrap();
            assert!(read_all(&mut reader).0.len() == len);
            let reads = faults.ranges();
            assert_eq!(reads.len(), len.div_ceil(BLOCK), "{reads:?}");
            let end = reads.iter().map(|(offset, len)| offset + *len as u64).max().unwrap();
            assert_eq!(end, len.next_multiple_of(512) as u64, "no further than the unit of the last byte");
        }
    }
}

#[test]
fn a_file_without_a_length_is_read_one_block_after_another_to_its_end() {
    // As of a file under /proc: its length is 0, and reads are short.
    let content = pattern(3 * BLOCK + 700);
    for backend in BACKENDS {
        let faults = Faults::new();
        let file = temporary(&content);
        let storage = Box::new(Unsized(faults.storage(file)));
        for call in 0..5 {
            faults.on(Call::Read, call * 2, Fault::Short(100));
        }
        let file = crate::io::DirectFile::with_storage(storage, None);
        let mut reader = DirectReader::builder().block_size(BLOCK).backend(backend).from_file(file).unwrap();
        assert_eq!(reader.len(), 0);
        let (got, errors) = read_all(&mut reader);
        assert!(got == content && errors.is_empty());
        assert_eq!((reader.len(), reader.remaining()), (content.len() as u64, 0));
        assert_eq!(reader.stats().blocks, 4);
    }
}

/// A file that does not tell its length.
#[derive(Debug)]
struct Unsized(Box<dyn crate::io::storage::Storage>);

impl crate::io::storage::Storage for Unsized {
    fn file(&self) -> &std::fs::File {
        self.0.file()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64, flags: crate::sys::file::Flags) -> io::Result<usize> {
        self.0.read_at(buf, offset, flags)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn an_error_of_asking_for_the_length_is_told() {
    let faults = Faults::new();
    faults.on(Call::Len, 0, Fault::Errno(EIO)).on(Call::Len, 2, Fault::Errno(EIO));
    let content = pattern(100);
    let file = || faults.file(temporary(&content), aligned(512));
    let builder = DirectReader::builder().block_size(BLOCK);
    assert_eq!(builder.clone().from_file(file()).unwrap_err().raw_os_error(), Some(EIO));
    let mut reader = builder.from_file(file()).unwrap();
    assert_eq!(reader.refresh().unwrap_err().raw_os_error(), Some(EIO));
    assert_eq!(reader.refresh().unwrap(), 100);
    assert!(read_all(&mut reader).0 == content);
}
