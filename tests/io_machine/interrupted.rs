//! Calls that are interrupted, fall short or fail because a tracer answers for the kernel.

use std::fs::{self, File};
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use bedplate::Demand;
use bedplate::io::{DirectFile, DirectReader, DirectWriter, SyncLost};
use bedplate::mem::AlignedBuf;

use crate::alone::{in_a_thread_of_its_own, inside};
use crate::backends::backends;
use crate::noise::noise;
use crate::strace::{injected, traced, under_tracer};

const LEN: usize = 64 << 10;

/// Traced, in a thread whose calls are counted from its first.
fn on_trial(test: impl FnOnce() + Send) {
    under_tracer(|| in_a_thread_of_its_own(test));
}

/// In the traced process: a new file in its temporary folder.
fn file(direct: Demand) -> (PathBuf, DirectFile) {
    let path = std::env::temp_dir().join(format!("f{direct:?}"));
    let file = DirectFile::options().read().write().create().truncate().direct(direct).open(&path).unwrap();
    (path, file)
}

fn aligned(len: usize, seed: u64) -> AlignedBuf {
    AlignedBuf::from_slice(&noise(len, seed), 4096)
}

/// All transfers, each to be complete whatever happens in between. The calls of each thread are counted anew.
fn everything() {
    for direct in [Demand::Prefer, Demand::Off] {
        in_a_thread_of_its_own(|| {
            let (path, file) = file(direct);
            let data = aligned(LEN, 1);
            for _ in 0..3 {
                file.write_all_at(&data, 0).unwrap();
                file.sync_data().unwrap();
                file.sync_all().unwrap();
                let mut read = AlignedBuf::zeroed(LEN, 4096);
                file.read_exact_at(&mut read, 0).unwrap();
                assert!(read == data);
                let mut part = [0; 1000];
                file.read_exact_at(&mut part, 777).unwrap();
                assert!(part == data[777..1777]);
            }
            assert!(fs::read(&path).unwrap() == *data);
        });
        in_a_thread_of_its_own(|| {
            let (path, file) = file(direct);
            let data = aligned(LEN, 2);
            for _ in 0..3 {
                let mut parts: Vec<_> = data.chunks(8192).map(IoSlice::new).collect();
                file.write_all_vectored_at(&mut parts, 0).unwrap();
                let mut read = AlignedBuf::zeroed(LEN, 4096);
                let mut parts: Vec<_> = read.chunks_mut(16_384).map(IoSliceMut::new).collect();
                file.read_exact_vectored_at(&mut parts, 0).unwrap();
                assert!(read == data);
            }
            assert!(fs::read(&path).unwrap() == *data);
        });
        for backend in backends() {
            in_a_thread_of_its_own(|| {
                let path = std::env::temp_dir().join("stream");
                let content = noise(300_000, 3);
                let writer = DirectWriter::builder().block_size(16 << 10).direct(direct).backend(backend);
                let mut writer = writer.create(&path).unwrap();
                writer.write_all(&content).unwrap();
                writer.finish().unwrap();
                assert!(fs::read(&path).unwrap() == content);
                let mut read = Vec::new();
                let reader = DirectReader::builder().block_size(16 << 10).direct(direct).backend(backend);
                reader.open(&path).unwrap().read_to_end(&mut read).unwrap();
                assert!(read == content);
            });
        }
    }
}

#[test]
fn interrupted_calls_are_repeated() {
    if inside().is_some() {
        return under_tracer(everything);
    }
    // Every second call of each thread.
    let rules =
        ["pread64,pwrite64,preadv,pwritev,preadv2,pwritev2,fdatasync,fsync,io_uring_enter:error=EINTR:when=1+2"];
    let shown = "pread64,pwrite64,preadv,pwritev,preadv2,pwritev2,fdatasync,fsync,io_uring_enter";
    let Some(calls) = traced("interrupted::interrupted_calls_are_repeated", "all", &rules, shown) else { return };
    for name in ["pread64", "pwrite64", "preadv", "pwritev", "fdatasync", "fsync"] {
        let of_this: Vec<_> = calls.iter().filter(|call| call.contains(name)).cloned().collect();
        assert!(injected(&of_this) > 0, "{name}: {of_this:?}");
    }
    if cfg!(feature = "io-uring") {
        let ring: Vec<_> = calls.iter().filter(|call| call.contains("io_uring_enter")).cloned().collect();
        assert!(injected(&ring) > 0, "{ring:?}");
    }
}

/// Offset and length of the calls of this name.
fn arguments(calls: &[String], name: &str) -> Vec<(u64, u64)> {
    calls
        .iter()
        .filter(|call| call.contains(&format!("{name}(")))
        .map(|call| {
            // 1234 name(5, ""..., length, offset) = returned
            let arguments = &call[..call.find(')').unwrap()];
            let mut numbers = arguments.rsplit(", ").map(|number| number.parse().unwrap());
            let offset = numbers.next().unwrap();
            (offset, numbers.next().unwrap())
        })
        .collect()
}

#[test]
fn after_a_short_write_the_rest_begins_at_a_unit() {
    if let Some(direct) = inside() {
        let direct = if direct == "direct" { Demand::Require } else { Demand::Off };
        return on_trial(|| {
            let (path, file) = file(direct);
            let data = aligned(LEN, 4);
            file.write_all_at(&data, 0).unwrap();
            let written = fs::read(path).unwrap();
            // What the tracer took for written was not.
            let skipped = 5000 - 5000 % file.alignment().offset;
            assert!(written[skipped..] == data[skipped..] && written[..skipped].iter().all(|byte| *byte == 0));
        });
    }
    for (direct, unit) in [("direct", 512), ("buffered", 1)] {
        let name = "interrupted::after_a_short_write_the_rest_begins_at_a_unit";
        let rule = "pwrite64:retval=5000:when=1";
        let Some(calls) = traced(name, direct, &[rule], "pwrite64") else { return };
        let written = arguments(&calls, "pwrite64");
        assert_eq!(written.len(), 2, "{calls:?}");
        assert_eq!(written[0], (0, LEN as u64));
        let (offset, len) = written[1];
        assert!(offset <= 5000 && offset % unit == 0 && offset > 5000 - 4096, "{calls:?}");
        assert_eq!(len, LEN as u64 - offset);
    }
}

#[test]
fn after_a_short_direct_read_nothing_is_read_at_half_a_unit() {
    if inside().is_some() {
        return on_trial(|| {
            let path = std::env::temp_dir().join("f");
            let content = noise(LEN, 5);
            File::create(&path).unwrap().write_all_at(&content, 0).unwrap();
            let file = DirectFile::options().read().direct(Demand::Require).open(&path).unwrap();
            let mut read = AlignedBuf::zeroed(LEN, 4096);
            file.read_exact_at(&mut read, 0).unwrap();
            // What the tracer took for read was not.
            assert!(read[5000..] == content[5000..]);
            assert!(read[..4096].iter().all(|byte| *byte == 0));
        });
    }
    let name = "interrupted::after_a_short_direct_read_nothing_is_read_at_half_a_unit";
    let Some(calls) = traced(name, "direct", &["pread64:retval=5000:when=1"], "pread64") else { return };
    let reads = arguments(&calls, "pread64");
    assert!(reads.len() >= 2, "{calls:?}");
    assert!(reads.iter().all(|(offset, len)| offset % 512 == 0 && len % 512 == 0), "{calls:?}");
}

#[test]
fn a_sync_that_failed_is_not_tried_again() {
    if let Some(way) = inside() {
        return on_trial(|| {
            let (_, file) = file(Demand::Prefer);
            file.write_all_at(&aligned(LEN, 6), 0).unwrap();
            let sync = if way == "data" { DirectFile::sync_data } else { DirectFile::sync_all };
            assert_eq!(sync(&file).unwrap_err().raw_os_error(), Some(libc::EIO));
            for _ in 0..3 {
                for error in [file.sync_data().unwrap_err(), file.sync_all().unwrap_err()] {
                    let lost = error.get_ref().and_then(|inner| inner.downcast_ref::<SyncLost>()).unwrap();
                    assert_eq!(lost.cause().raw_os_error(), Some(libc::EIO));
                }
            }
        });
    }
    for (way, call) in [("data", "fdatasync"), ("all", "fsync")] {
        let rule = format!("{call}:error=EIO:when=1");
        let name = "interrupted::a_sync_that_failed_is_not_tried_again";
        let Some(calls) = traced(name, way, &[&rule], "fdatasync,fsync") else { return };
        assert_eq!((calls.len(), injected(&calls)), (1, 1), "{calls:?}");
    }
}

#[test]
fn a_writer_whose_sync_fails_publishes_nothing() {
    if inside().is_some() {
        return under_tracer(|| {
            let folder = tempfile::tempdir().unwrap();
            for backend in backends() {
                in_a_thread_of_its_own(|| {
                    let path = folder.path().join("f");
                    let mut writer = DirectWriter::builder().backend(backend).create(&path).unwrap();
                    writer.write_all(&noise(LEN + 1, 7)).unwrap();
                    let error = writer.finish().unwrap_err();
                    assert_eq!(error.raw_os_error(), Some(libc::EIO));
                    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
                });
            }
        });
    }
    let name = "interrupted::a_writer_whose_sync_fails_publishes_nothing";
    let Some(calls) = traced(name, "all", &["fdatasync,fsync:error=EIO:when=1"], "fdatasync,fsync") else { return };
    assert_eq!(injected(&calls), backends().len(), "{calls:?}");
}
