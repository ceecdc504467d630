//! Takes aligned buffers and a region in huge pages, and prints what was obtained.

use bedplate::Demand;
use bedplate::mem::{AlignedBuf, Mapping};

fn main() -> std::io::Result<()> {
    for (len, align) in [(100, 64), (4096, 4096), (1 << 20, 512), (4096, 2 << 20)] {
        let mut buf = AlignedBuf::zeroed(len, align);
        let address = buf.as_ptr().addr().get();
        assert_eq!(address % align, 0);
        assert!(buf.iter().all(|byte| *byte == 0));
        buf.fill(0x5a);
        println!("{len:>8} bytes aligned to {align:>8}: at {address:#x}");
    }

    let mut region = Mapping::builder(64 << 20).huge_pages(Demand::Prefer).build()?;
    region[0] = 1;
    println!("{:>8} bytes mapped: {:?}", region.len(), region.effective());
    region.discard(32 << 20..64 << 20)?;
    assert!(region[32 << 20..].iter().all(|byte| *byte == 0));
    assert_eq!(region[0], 1);

    match Mapping::builder(2 << 20).huge_pages(Demand::Require).build() {
        Ok(required) => {
            assert!(required.effective().huge_pages);
            assert_eq!(required.as_ptr().addr().get() % (2 << 20), 0);
            println!("huge pages can be had");
        }
        Err(refused) => println!("huge pages cannot be had: {refused}"),
    }
    Ok(())
}
