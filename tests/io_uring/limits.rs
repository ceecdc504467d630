//! Limits of the process: memory that may be locked, the length of files.

use bedplate::Demand;
use bedplate::io::{DirectFile, Uring};
use bedplate::mem::AlignedBuf;
use bedplate::pool::{Block, BlockPool};

use super::alone::alone;

fn limit(what: libc::__rlimit_resource_t, bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: the limit outlives the call.
    assert_eq!(unsafe { libc::setrlimit(what, &limit) }, 0);
}

/// Takes the right away by which root locks memory without limit.
fn without_lock_right() -> bool {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    /// `_LINUX_CAPABILITY_VERSION_3`, of two words for each set; `CAP_IPC_LOCK` is in the first.
    const VERSION: u32 = 0x2008_0522;
    const IPC_LOCK: u32 = 1 << 14;
    let header = Header { version: VERSION, pid: 0 };
    let mut sets = [[0_u32; 3]; 2];
    // SAFETY: both arguments are of the version's layout and outlive the calls.
    unsafe {
        assert_eq!(libc::syscall(libc::SYS_capget, &raw const header, sets.as_mut_ptr()), 0);
        sets[0][0] &= !IPC_LOCK;
        sets[0][1] &= !IPC_LOCK;
        libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) == 0
    }
}

#[test]
fn memory_beyond_the_limit_is_used_unregistered() {
    alone("limits::memory_beyond_the_limit_is_used_unregistered", || {
        assert!(without_lock_right());
        limit(libc::RLIMIT_MEMLOCK, 6 << 20);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, vec![7; 4 << 20]).unwrap();
        let file = || DirectFile::options().read().open(&path).unwrap();
        let pool = BlockPool::builder().block_size(1 << 20).slab_blocks(4).max_blocks(8).build().unwrap();
        let Ok(mut ring) = Uring::builder().depth(16).build::<Block>() else {
            return println!("skipped: no ring");
        };
        // The first slab is within the limit, the second is not.
        if !ring.register_pool(&pool).unwrap() {
            return println!("skipped: the kernel registers no memory here");
        }
        let id = ring.register_file(file()).unwrap();
        for _ in 0..8 {
            ring.read(id, pool.try_acquire().unwrap(), 0).unwrap();
        }
        assert_eq!((ring.effective().slabs, ring.stats().fixed), (1, 4));
        assert_eq!(ring.wait(8, None).unwrap(), 8);
        while let Some(done) = ring.poll() {
            assert_eq!(done.result.unwrap(), 1 << 20);
            assert!(done.buffers.one().unwrap().iter().all(|byte| *byte == 7));
        }
        assert!(!ring.register_pool(&pool).unwrap(), "not all of it is registered");

        // Required, it is an error, of the pool or of the operation, which gives the block back.
        let mut strict = Uring::builder().registered(Demand::Require).build::<Block>().unwrap();
        assert_eq!(strict.register_pool(&pool).unwrap_err().raw_os_error(), Some(libc::ENOMEM));
        let id = strict.register_file(file()).unwrap();
        let refused = strict.read(id, pool.try_acquire().unwrap(), 0).unwrap_err();
        assert!(matches!(refused.why(), bedplate::io::Refusal::Unregistered(_)), "{refused}");
        assert!(refused.into_inner().one().is_some());
        drop((ring, strict));
        assert_eq!(pool.stats().in_use, 0);

        // What a ring had locked may be locked again when it is gone.
        for _ in 0..20 {
            let small = BlockPool::builder().block_size(1 << 20).slab_blocks(4).max_blocks(4).build().unwrap();
            let mut next = Uring::builder().registered(Demand::Require).build::<Block>().unwrap();
            assert!(next.register_pool(&small).unwrap());
        }
    });
}

/// The kernel writes up to the limit, says so, and refuses what is behind it.
#[test]
fn a_short_write_breaks_the_link_and_is_gone_on_with() {
    alone("limits::a_short_write_breaks_the_link_and_is_gone_on_with", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let open = || DirectFile::options().read().write().create().open(&path).unwrap();
        let Ok(mut ring) = Uring::builder().build::<AlignedBuf>() else { return println!("skipped: no ring") };
        let file = ring.register_file(open()).unwrap();
        // SAFETY: the signal would end the process; ignored, the call fails.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        let most = 64 * 1024 + 2048;
        limit(libc::RLIMIT_FSIZE, most);
        let text: Vec<u8> = (0..1 << 20).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        ring.write_then_sync(file, AlignedBuf::from_slice(&text, 4096), 0).unwrap();
        assert_eq!(ring.wait(1, None).unwrap(), 1);
        let done = ring.poll().unwrap();
        let error = done.result.expect_err("most of it is beyond the limit");
        println!("note: {error}; {:?}", ring.stats());
        assert!(error.raw_os_error() == Some(libc::EFBIG) || error.kind() == std::io::ErrorKind::WriteZero, "{error}");
        assert!(done.buffers.one().unwrap()[..] == text[..], "the buffer comes back as it was");
        let written = std::fs::read(&path).unwrap();
        assert!(!written.is_empty() && written.len() as u64 <= most && written == text[..written.len()]);
        assert!(ring.stats().resumed > 0, "it was not gone on with");
        // The sync did not run, so nothing is known to be lost.
        ring.sync_data(file).unwrap();
        assert_eq!(ring.wait(1, None).unwrap(), 1);
        assert_eq!(ring.poll().unwrap().result.unwrap(), 0);
    });
}
