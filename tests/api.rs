//! What users rely on without calling it: which types may cross threads, and which may not.

#![cfg(all(feature = "default", target_os = "linux"))]

use std::fmt::Debug;

use bedplate::{batch, cache, channel, io, mem, pool, queue, stats, sync, time, topo};

/// Whether a type has a trait: an inherent constant shadows the trait's where the bound holds.
macro_rules! has {
    ($type:ty: $bound:path) => {{
        #[allow(dead_code)]
        trait Fallback {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Fallback for T {}
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $bound> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$type>>::HAS
    }};
}

fn shared<T: Send + Sync + Debug>() {}

#[test]
fn what_threads_share_is_send_and_sync_where_its_items_are_send() {
    // A cell is `Send` and not `Sync`: none of these may ask for more than it has.
    type Item = std::cell::Cell<u8>;
    shared::<queue::Bounded<Item>>();
    shared::<queue::Segmented<Item>>();
    shared::<channel::Sender<Item>>();
    shared::<channel::Receiver<Item>>();
    shared::<pool::ObjectPool<Item>>();
    shared::<pool::ArenaPool>();
    shared::<pool::BlockPool>();
    shared::<pool::Block>();
    shared::<batch::Batcher<Item>>();
    shared::<batch::Producer<Item>>();
    shared::<batch::Coalescer<u8, Item>>();
    shared::<batch::SignalBatcher>();
    shared::<batch::signals::SignalThread>();
    shared::<batch::signals::SignalBatch>();
    #[cfg(feature = "metrics")]
    shared::<stats::Publisher>();
    shared::<topo::Topology>();
    shared::<topo::Plan>();
    shared::<topo::WorkerSet<Item>>();
    shared::<mem::Mapping>();
    shared::<mem::AlignedBuf>();
    shared::<mem::AlignedUninit>();
    shared::<mem::SharedBuf>();
    shared::<pool::OwnedPooled<u8>>();
    shared::<pool::RawBlock>();
    shared::<io::DirectFile>();
    shared::<io::DirectReader>();
    shared::<io::DirectWriter>();
    shared::<io::Map>();
    shared::<io::AppendLog>();
    shared::<io::LogReader>();
    shared::<io::LogFollower>();
    shared::<stats::Counter>();
    shared::<stats::Gauge>();
    shared::<stats::Histogram>();
    shared::<sync::EventCount>();
    shared::<time::Clock>();
    shared::<topo::Topology>();
    // Values of a cache are shared by the callers that wait for one load.
    shared::<cache::Cache<u8, std::sync::atomic::AtomicU8>>();
    assert!(!has!(cache::Cache<u8, Item>: Sync));
    shared::<cache::Memo<u8, std::sync::atomic::AtomicU8>>();
    assert!(!has!(cache::Memo<u8, Item>: Sync));
}

#[test]
fn what_is_bound_to_its_thread_or_item_stays_there() {
    type NotSend = std::rc::Rc<u8>;
    type NotSync = std::cell::Cell<u8>;
    assert!(!has!(topo::PinGuard: Send));
    assert!(!has!(topo::PolicyGuard: Send));
    assert!(!has!(batch::signals::BlockedSignals: Send));
    assert!(!has!(batch::Batcher<NotSend>: Sync));
    assert!(!has!(batch::Producer<NotSend>: Send));
    assert!(!has!(sync::Listener<'static>: Send));
    #[cfg(feature = "io-uring")]
    {
        // A ring may be sent, with operations in flight, where its buffers may.
        shared::<io::Uring>();
        assert!(has!(io::Uring<Vec<u8>>: Send));
        assert!(has!(io::Completion<Vec<u8>>: Send));
    }
    assert!(!has!(queue::Bounded<NotSend>: Sync));
    assert!(!has!(queue::Bounded<NotSend>: Send));
    assert!(!has!(queue::spsc::Producer<u8>: Sync));
    assert!(has!(queue::spsc::Producer<u8>: Send));
    assert!(!has!(queue::spsc::Consumer<u8>: Sync));
    assert!(!has!(pool::ObjectPool<NotSend>: Sync));
    assert!(!has!(pool::ObjectPool<NotSend>: Send));
    assert!(!has!(pool::Pooled<'static, NotSync>: Sync));
    assert!(!has!(pool::OwnedPooled<NotSync>: Sync));
    assert!(!has!(pool::OwnedPooled<NotSend>: Send));
    assert!(has!(pool::Pooled<'static, NotSync>: Send));
    assert!(!has!(cache::Cache<u8, NotSend>: Sync));
}
