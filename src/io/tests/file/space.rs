use std::io::ErrorKind;

use super::scratch::{Scratch, UNITS};
use crate::io::Preallocate;
use crate::io::tests::faults::{Call, EINTR, ENOSPC, EOPNOTSUPP, Fault, Faults};

#[test]
fn space_that_is_not_there_leaves_the_file_as_it_was() {
    let scratch = Scratch::new(b"some");
    let faults = Faults::new();
    let file = faults.file(scratch.open(), UNITS[1]);
    for how in [Preallocate::Reserve, Preallocate::ZeroFill] {
        faults.reset();
        faults.on(Call::Allocate, 0, Fault::Torn(50_000, ENOSPC));
        assert_eq!(file.preallocate(100_000, how).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!((scratch.content(), faults.count(Call::Write)), (b"some".to_vec(), 0));
    }
    // A file system that reserves nothing.
    faults.reset();
    faults.always(Call::Allocate, Fault::Errno(EOPNOTSUPP));
    assert_eq!(file.preallocate(100_000, Preallocate::Reserve).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(scratch.content(), b"some");
    file.preallocate(100_000, Preallocate::ZeroFill).unwrap();
    let mut expected = b"some".to_vec();
    expected.resize(100_000, 0);
    assert!(scratch.content() == expected);
    // All zeros behind the first unit are real ones.
    assert_eq!(file.stats().bytes_written, 100_352 - 512);
    // Interrupted and short calls go on.
    faults.reset();
    faults.on(Call::Allocate, 0, Fault::Errno(EINTR)).on(Call::Write, 0, Fault::Short(1024));
    file.preallocate(200_000, Preallocate::ZeroFill).unwrap();
    assert_eq!(file.len().unwrap(), 200_000);
}
