//! Takes aligned buffers, splits one among threads, maps a region in huge pages on its node, and prints what was obtained.

use bedplate::Demand;
use bedplate::mem::{AlignedBuf, AlignedUninit, HugePages, Mapping};
use bedplate::topo::current_node;

fn main() -> std::io::Result<()> {
    for (len, align) in [(100, 64), (4096, 4096), (1 << 20, 512), (4096, 2 << 20), (32 << 20, 4096)] {
        let mut buf = AlignedBuf::zeroed(len, align);
        let address = buf.as_ptr().addr().get();
        assert_eq!(address % align, 0);
        assert!(buf.iter().all(|byte| *byte == 0));
        buf.fill(0x5a);
        println!("{len:>8} bytes aligned to {align:>8}: at {address:#x}");
    }

    // Written once, read by several at the same time, and then written again: never copied, never zeroed for nothing.
    let whole = AlignedUninit::new(8 * 4096, 4096).fill(1).freeze();
    let mut rest = whole.clone();
    let sum: u32 = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..8)
            .map(|_| rest.split_to(4096))
            .map(|part| scope.spawn(move || part.iter().map(|byte| u32::from(*byte)).sum::<u32>()))
            .collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert_eq!(sum, 8 * 4096);
    drop(rest);
    let mut buf = whole.try_thaw().expect("all parts are gone");
    buf.fill(2);

    let node = current_node()?;
    let builder = Mapping::builder(64 << 20).huge_pages(HugePages::Transparent, Demand::Prefer);
    let mut region = builder.node(node, Demand::Prefer).build()?;
    region[0] = 1;
    println!("{:>8} bytes mapped: {:?}", region.len(), region.effective());
    region.discard(32 << 20..64 << 20)?;
    assert!(region[32 << 20..].iter().all(|byte| *byte == 0));
    assert_eq!(region[0], 1);

    for kind in [HugePages::Transparent, HugePages::HugeTlb(2 << 20), HugePages::HugeTlb(1 << 30)] {
        match Mapping::builder(2 << 20).huge_pages(kind, Demand::Require).build() {
            Ok(required) => {
                let size = required.effective().huge_pages.expect("they were required");
                assert_eq!(required.as_ptr().addr().get() % size, 0);
                println!("{kind:?}: can be had");
            }
            Err(refused) => println!("{kind:?}: {refused}"),
        }
    }
    Ok(())
}
