//! What a user without rights sees and may do.
#![allow(unsafe_code)] // The C library changes the user of all threads at once; here one is to change.

use bedplate::topo::{CpuSet, Topology, current_cpu, pin_current};

use super::Case;

/// `nobody` of most systems.
const NOBODY: u32 = 65_534;

pub const CASES: &[Case] =
    &[("an_ordinary_user_sees_and_pins_as_root_does", an_ordinary_user_sees_and_pins_as_root_does)];

fn an_ordinary_user_sees_and_pins_as_root_does() {
    let root = Topology::detect().unwrap();
    // SAFETY: takes numbers only. The kernel changes the calling thread alone.
    assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY) }, 0);
    assert!(std::fs::write("/sys/devices/system/cpu/cpu1/online", "0").is_err());
    let user = Topology::detect().unwrap();
    assert_eq!(user.warnings(), []);
    assert_eq!(user.cpus(), root.cpus());
    assert_eq!(user.caches(), root.caches());
    assert_eq!(user.nodes(), root.nodes());
    for cpu in user.allowed() {
        let _pinned = pin_current(&CpuSet::single(cpu)).unwrap();
        assert_eq!(current_cpu(), cpu);
    }
}
