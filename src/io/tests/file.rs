use std::io;

use crate::io::{DirectFile, SyncLost};

#[test]
fn a_failed_sync_is_final() {
    let dir = tempfile::tempdir().unwrap();
    let file = DirectFile::options().read().write().create().open(dir.path().join("f")).unwrap();
    file.sync_data().unwrap();
    file.poison(&io::Error::from_raw_os_error(5));
    file.poison(&io::Error::from_raw_os_error(28));
    for error in [file.sync_data().unwrap_err(), file.sync_all().unwrap_err(), file.write_at(&[], 0).unwrap_err()] {
        let inner = error.get_ref().and_then(|e| e.downcast_ref::<SyncLost>()).expect("the typed error is inside");
        assert_eq!(inner.cause().raw_os_error(), Some(5));
    }
    // Reading tells what is there, and is what a caller does next.
    assert_eq!(file.read_at(&mut [0; 1], 0).unwrap(), 0);
}
