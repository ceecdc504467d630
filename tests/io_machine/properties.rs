//! Every offset, length and alignment against std, on file systems and devices made for the purpose.

use bedplate::Demand;

use crate::alone::{allowed, with_mounts};
use crate::loop_device::LoopDevice;
use crate::mount::Mount;
use crate::twin::{END, check_grid, check_sequences};

fn on(mount: Option<Mount>) {
    let Some(mount) = mount else { return };
    let path = mount.path().join("f");
    check_sequences(&path, 20_000, Demand::Prefer, 25);
    check_grid(&path, 10_000, Demand::Prefer);
}

#[test]
fn on_a_file_system_with_sectors_of_4_kib() {
    with_mounts(|| {
        on(Mount::ext4(8 << 20, 4096));
        on(Mount::xfs(4096));
    });
}

#[test]
fn on_an_overlay() {
    with_mounts(|| {
        on(Mount::ext4(8 << 20, 512).and_then(|below| allowed("mount an overlay", Mount::overlay(below))));
        let memory = allowed("mount", Mount::tmpfs(8 << 20));
        on(memory.and_then(|below| allowed("mount an overlay", Mount::overlay(below))));
    });
}

/// What is in the lower layer is copied up by the first open for writing.
#[test]
fn on_a_file_of_the_lower_layer_of_an_overlay() {
    use std::fs;

    use bedplate::io::DirectFile;

    with_mounts(|| {
        let Some(below) = allowed("mount", Mount::tmpfs(8 << 20)) else { return };
        let lower = below.path().join("lower");
        fs::create_dir(&lower).unwrap();
        fs::write(lower.join("f"), vec![7; 10_000]).unwrap();
        let Some(mount) = allowed("mount an overlay", Mount::overlay(below)) else { return };
        let path = mount.path().join("f");
        let before = DirectFile::options().read().open(&path).unwrap();
        let mut read = [0; 10_000];
        before.read_exact_at(&mut read, 0).unwrap();
        assert!(read == [7; 10_000]);
        check_sequences(&path, 20_000, Demand::Prefer, 5);
        assert!(mount.below().unwrap().join("upper/f").exists());
        assert_eq!(fs::read(mount.below().unwrap().join("lower/f")).unwrap(), [7; 10_000]);
    });
}

#[test]
fn on_a_device() {
    for sector in [512, 4096] {
        // Nothing is written past its end: no operation comes that far.
        let len = (END + (64 << 10)).next_multiple_of(4096);
        let Some(device) = allowed("make a loop device", LoopDevice::new(len, sector)) else { return };
        for direct in [Demand::Require, Demand::Off] {
            check_sequences(device.path(), len, direct, 15);
        }
        let Some(device) = allowed("make a loop device", LoopDevice::new(16_384, sector)) else { return };
        check_grid(device.path(), 16_384, Demand::Require);
    }
}
