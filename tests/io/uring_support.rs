//! Rings, files and pipes for the tests of the ring.

use std::fs::File;
use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{Completion, DirectFile, FileId, IoBuf, Uring, UringBuilder};

/// A ring, or a line that says why there is none.
pub fn ring_of<B: IoBuf>(builder: UringBuilder) -> Option<Uring<B>> {
    match builder.build() {
        Ok(ring) => Some(ring),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            println!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A ring of so many operations, which goes by what the kernel prefers.
pub fn ring<B: IoBuf>(depth: usize) -> Option<Uring<B>> {
    ring_of(Uring::builder().depth(depth))
}

/// A file of the page cache, for reading and writing.
pub fn buffered(path: &Path) -> DirectFile {
    DirectFile::options().read().write().create().direct(Demand::Off).open(path).unwrap()
}

pub fn direct(path: &Path) -> DirectFile {
    DirectFile::options().read().write().create().open(path).unwrap()
}

/// Something whose reads stay in flight until something is written to the other end.
pub fn pipe<B: IoBuf>(ring: &mut Uring<B>) -> (FileId, PipeWriter) {
    let (reader, writer) = io::pipe().unwrap();
    let reader = DirectFile::try_from(File::from(OwnedFd::from(reader))).unwrap();
    (ring.register_file(reader).unwrap(), writer)
}

/// The next operation to end.
pub fn next<B: IoBuf>(ring: &mut Uring<B>) -> Completion<B> {
    assert!(ring.wait(1, None).unwrap() > 0, "nothing is in flight");
    ring.poll().expect("it was waited for")
}

/// What an operation came to whose only buffer is asked for.
pub fn one<B>(done: Completion<B>) -> (io::Result<usize>, B) {
    (done.result, done.buffers.one().expect("an operation on one buffer"))
}
