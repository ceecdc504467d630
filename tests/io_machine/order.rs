//! In which order a file is made durable and gets its name.

use std::io::Write;

use bedplate::io::DirectWriter;

use crate::alone::inside;
use crate::backends::backends;
use crate::noise::noise;
use crate::strace::{traced, under_tracer};

#[test]
fn a_file_is_cut_then_synced_then_named_and_then_its_folder_is_synced() {
    if let Some(what) = inside() {
        return under_tracer(|| {
            let path = std::env::temp_dir().join("f");
            if what == "replace" {
                std::fs::write(&path, "old").unwrap();
            }
            for backend in backends() {
                let mut writer = DirectWriter::builder().block_size(4096).backend(backend).create(&path).unwrap();
                writer.write_all(&noise(10_001, 1)).unwrap();
                writer.finish().unwrap();
                if what == "new" {
                    std::fs::remove_file(&path).unwrap();
                }
            }
        });
    }
    for (what, named) in [("new", "linkat"), ("replace", "rename")] {
        let name = "order::a_file_is_cut_then_synced_then_named_and_then_its_folder_is_synced";
        let shown = "ftruncate,fdatasync,fsync,linkat,rename,renameat,renameat2,unlink,unlinkat,openat";
        let Some(calls) = traced(name, what, &[], shown) else { return };
        let files: Vec<_> = calls.split(|call| call.contains("O_TMPFILE")).skip(1).collect();
        assert_eq!(files.len(), backends().len(), "no unnamed files: {calls:?}");
        for calls in files {
            let first = |what: &str| calls.iter().position(|call| call.contains(what)).unwrap_or(usize::MAX);
            let last = |what: &str| calls.iter().rposition(|call| call.contains(what)).unwrap_or(usize::MAX);
            assert!(first("ftruncate(") < first("fdatasync("), "{calls:?}");
            assert!(first("fdatasync(") < first("linkat("), "{calls:?}");
            // The last of them is that of the folder.
            assert!(last(named) < last("fsync("), "{calls:?}");
            let folder = calls.iter().rev().find(|call| call.contains("fsync(")).unwrap();
            let number = folder.split(['(', ')']).nth(1).unwrap();
            assert!(!calls.iter().any(|call| call.contains(&format!("fdatasync({number})"))), "{calls:?}");
        }
    }
}
