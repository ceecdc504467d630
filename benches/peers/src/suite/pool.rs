//! Pools of objects, blocks and arenas.

mod arena;
mod block;
mod object;
mod pools;
mod work;

#[cfg(test)]
mod tests;

use crate::harness::{Bench, Better, Spec};
use object::{Page, Small};
use pools::{
    ArrayQueuePool, BedplatePool, LinearPool, LockedPool, NexusLocalPool, NexusPool, ObjectPool, Opool, OpoolLocal,
    Owned, SharkLocalPool, SharkPool, SlabPool, SlabSendPool, SpinPool, ThreadVec,
};
use std::sync::Arc;
use work::{bursts, cross_thread, lives, lives_inside, tight, turns, turns_alone, turns_apart};

/// A contender of each pool: the work, with the pool as its type and the operations as its last argument.
macro_rules! contenders {
    (@ $work:ident, $pool:ty, ($($argument:expr)?)) => {
        move |ops| $work::<$pool>($($argument,)? ops)
    };
    ($spec:expr, $work:ident $argument:tt, $($pool:ty),+ $(,)?) => {
        $spec$(.timed(<$pool as ObjectPool>::NAME, contenders!(@ $work, $pool, $argument)))+
    };
}

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    alone(bench);
    shared(bench);
    cross(bench);
    burst(bench);
    scarce(bench);
    churn(bench);
    owned(bench);
    hook(bench);
    local(bench);
    block::run(bench);
    arena::run(bench);
}

fn alone(bench: &mut Bench) {
    let detail = "acquire a 4 KiB object, count up in it, release it; bound 512 (lockfree-object-pool and sharded-slab have \
                  none; that of ArrayQueue, opool and poolshark is on idle objects only); pools that threads may share, \
                  those of one thread are in object local; nexus-pool: one thread may acquire; no waiting; verified: the \
                  counts in all objects, and that objects are reused";
    bench.run(contenders!(
        Spec::new("object 1t", detail),
        turns_alone(),
        BedplatePool<Page>,
        ArrayQueuePool<Page>,
        LinearPool<Page>,
        LockedPool<Page>,
        Opool<Page>,
        SlabPool<Page>,
        SharkPool<Page>,
        NexusPool<Page>,
    ));
}

fn shared(bench: &mut Bench) {
    let without = "without nexus-pool, of which one thread may acquire";
    for threads in [2, 4] {
        let detail = format!("as object 1t, {without}; lockfree-object-pool: also its pool behind a spin lock");
        bench.run(contenders!(
            Spec::new(format!("object {threads}t"), detail).threads(threads),
            turns(threads),
            BedplatePool<Page>,
            ArrayQueuePool<Page>,
            LinearPool<Page>,
            SpinPool<Page>,
            LockedPool<Page>,
            Opool<Page>,
            SlabPool<Page>,
            SharkPool<Page>,
        ));
    }
    let threads = 2;
    let detail = format!(
        "as object 1t with objects of 24 bytes that are not boxed, so that two threads may use the same cache line; \
         {without}"
    );
    bench.run(contenders!(
        Spec::new("object small 2t", detail).threads(threads),
        turns(threads),
        BedplatePool<Small>,
        ArrayQueuePool<Small>,
        LinearPool<Small>,
        LockedPool<Small>,
        Opool<Small>,
        SlabPool<Small>,
        SharkPool<Small>,
    ));
}

fn cross(bench: &mut Bench) {
    let detail = "one thread acquires a 4 KiB object, another counts up in it and releases it; bound 512; between them \
                  a crossbeam ArrayQueue of 128; 64 spins, then yields; sharded-slab with owned guards, since its others \
                  stay on their thread; verified: the counts in all objects, and that objects are reused";
    bench.run(contenders!(
        Spec::new("object crossthread", detail).threads(2),
        cross_thread(),
        BedplatePool<Page>,
        ArrayQueuePool<Page>,
        LinearPool<Page>,
        LockedPool<Page>,
        Opool<Page>,
        SlabSendPool<Page>,
        SharkPool<Page>,
        NexusPool<Page>,
    ));
}

fn burst(bench: &mut Bench) {
    let detail = "acquire 8 objects of 4 KiB, count up in each, release the 8; bound 512; no waiting; verified: the counts \
                  in all objects, and that objects are reused";
    bench.run(contenders!(
        Spec::new("object burst8", detail).unit("ns/burst", Better::Lower),
        bursts(),
        BedplatePool<Page>,
        ArrayQueuePool<Page>,
        LinearPool<Page>,
        LockedPool<Page>,
        Opool<Page>,
        SlabPool<Page>,
        SharkPool<Page>,
        NexusPool<Page>,
    ));
}

fn scarce(bench: &mut Bench) {
    let detail = "two threads, each wanting 2 of at most 3 objects of 4 KiB at once: one that finds no second gives its \
                  first back; 64 spins, then yields; ArrayQueue, object-pool and opool are filled beforehand and make no \
                  more; without those that cannot bound what is live (lockfree-object-pool, sharded-slab, poolshark) and \
                  nexus-pool, of which one thread may acquire; an operation is a pair held; verified: the counts in all \
                  objects, and that there are no more than 3";
    bench.run(contenders!(
        Spec::new("object tight", detail).threads(2).unit("ns/pair", Better::Lower),
        tight(),
        BedplatePool<Page>,
        ArrayQueuePool<Page>,
        LockedPool<Page>,
        Opool<Page>,
    ));
}

fn churn(bench: &mut Bench) {
    let detail = "threads that end after 512 acquisitions and releases of a 4 KiB object, with a count up in each; two live \
                  at a time, on different CPUs; without nexus-pool, of which one thread may acquire; verified: the counts in \
                  all objects, and that objects are reused";
    bench.run(contenders!(
        Spec::new("object churn", format!("{detail}; timed: whole lives, spawn and join included"))
            .threads(2)
            .unit("ns/thread", Better::Lower),
        lives(),
        BedplatePool<Page>,
        ArrayQueuePool<Page>,
        LinearPool<Page>,
        LockedPool<Page>,
        Opool<Page>,
        SlabPool<Page>,
        SharkPool<Page>,
    ));
    bench.run(contenders!(
        Spec::new(
            "object churn inside",
            format!("{detail}; timed: from the first acquisition of a thread to its last release")
        )
        .threads(2),
        lives_inside(),
        BedplatePool<Page>,
        ArrayQueuePool<Page>,
        LinearPool<Page>,
        LockedPool<Page>,
        Opool<Page>,
        SlabPool<Page>,
        SharkPool<Page>,
    ));
}

fn owned(bench: &mut Bench) {
    let detail = "as object 1t with guards that are 'static: each keeps its pool alive, by a reference counted (of \
                  sharded-slab two: the drop of its own guard does not give back)";
    bench.run(contenders!(
        Spec::new("object owned", format!("{detail}; those of poolshark do not")),
        turns_alone(),
        Owned<BedplatePool<Page>>,
        Owned<Arc<ArrayQueuePool<Page>>>,
        Owned<Arc<LinearPool<Page>>>,
        Owned<Arc<LockedPool<Page>>>,
        Owned<Arc<Opool<Page>>>,
        Owned<Arc<SlabPool<Page>>>,
        SharkPool<Page>,
        NexusPool<Page>,
    ));
    let threads = 2;
    let without = "those of poolshark do not; without nexus-pool, of which one thread may acquire";
    bench.run(contenders!(
        Spec::new("object owned 2t", format!("{detail}; {without}")).threads(threads),
        turns(threads),
        Owned<BedplatePool<Page>>,
        Owned<Arc<ArrayQueuePool<Page>>>,
        Owned<Arc<LinearPool<Page>>>,
        Owned<Arc<LockedPool<Page>>>,
        Owned<Arc<Opool<Page>>>,
        Owned<Arc<SlabPool<Page>>>,
        SharkPool<Page>,
    ));
}

fn hook(bench: &mut Bench) {
    let detail = "acquire a Vec<u64>, append 8 numbers, release it; the pool empties it between users, by its hook (when it \
                  comes back, opool when it goes out; ArrayQueue: by the guard written here); bound 512; no waiting; without object-pool, which has no hook; \
                  verified: that it is empty when acquired, the numbers, and that objects are reused";
    bench.run(contenders!(
        Spec::new("object hook", detail),
        turns_alone(),
        BedplatePool<Vec<u64>>,
        ArrayQueuePool<Vec<u64>>,
        LinearPool<Vec<u64>>,
        Opool<Vec<u64>>,
        SlabPool<Vec<u64>>,
        SharkPool<Vec<u64>>,
        NexusPool<Vec<u64>>,
    ));
}

fn local(bench: &mut Bench) {
    let detail = "as object hook, against pools whose objects stay with a thread, which therefore share no bound and give \
                  no thread what another is done with";
    for threads in [1, 2] {
        let detail = format!("{detail}; bedplate: one pool that threads may share");
        let spec = Spec::new(format!("object local {threads}t"), detail).threads(threads);
        let spec = contenders!(spec, turns(threads), BedplatePool<Vec<u64>>);
        bench.run(contenders!(
            spec,
            turns_apart(threads),
            SharkLocalPool<Vec<u64>>,
            NexusLocalPool<Vec<u64>>,
            OpoolLocal<Vec<u64>>,
            ThreadVec,
        ));
    }
}
