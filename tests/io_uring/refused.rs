//! A kernel that refuses rings, or parts of them.

use std::io;

use bedplate::Demand;
use bedplate::io::{DirectFile, Uring, UringUnavailable};

use super::alone::alone;
use super::filter::{On, Rule, refuse_with};

fn refused_by(call: libc::c_long, errno: i32) -> bool {
    let refused = refuse_with(&[Rule::call(call)], errno, On::ThisThread);
    refused.inspect_err(|error| println!("skipped: no filter can be put on here: {error}")).is_ok()
}

fn no_ring(errno: i32) {
    if !refused_by(libc::SYS_io_uring_setup, errno) {
        return;
    }
    let error = Uring::builder().build::<Vec<u8>>().expect_err("it is filtered");
    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<UringUnavailable>()).expect("the typed error is inside");
    assert_eq!(inner.cause().raw_os_error(), Some(errno));
    let text = error.to_string();
    assert!(text.starts_with("no io_uring here: ") && text.contains("sandbox"), "{text}");
    assert!(text.contains(&format!("os error {errno}")), "{text}");
}

#[test]
fn a_filter_that_says_no_such_call() {
    alone("refused::a_filter_that_says_no_such_call", || no_ring(libc::ENOSYS));
}

#[test]
fn a_filter_that_says_not_permitted() {
    alone("refused::a_filter_that_says_not_permitted", || no_ring(libc::EPERM));
}

/// A ring without what makes it faster: by wish, or an error by demand.
#[test]
fn a_filter_that_lets_nothing_be_registered() {
    alone("refused::a_filter_that_lets_nothing_be_registered", || {
        if !refused_by(libc::SYS_io_uring_register, libc::EPERM) {
            return;
        }
        let error = Uring::builder().registered(Demand::Require).build::<Vec<u8>>().expect_err("it is filtered");
        assert_eq!(error.raw_os_error(), Some(libc::EPERM));
        let mut ring = match Uring::builder().build::<Vec<u8>>() {
            Ok(ring) => ring,
            Err(error) => return println!("skipped: {error}"),
        };
        assert!(!ring.effective().files);
        assert_eq!(ring.eventfd().expect_err("it is filtered").raw_os_error(), Some(libc::EPERM));
        let file = DirectFile::options().read().direct(Demand::Off).open("/proc/self/exe").unwrap();
        let file = ring.register_file(file).unwrap();
        ring.read(file, vec![0; 4], 0).unwrap();
        assert_eq!(ring.wait(1, None).unwrap(), 1);
        assert_eq!(ring.poll().unwrap().buffers.one().unwrap(), b"\x7fELF");
    });
}
