//! Room for the magazines of one pool.
#![allow(unsafe_code)] // Magazines stand in memory that nobody initialises but the kernel.

/// How many threads have a magazine: those past it use the depot. Thread slots are dense, so this many threads that use
/// structures of this crate live at one moment.
const COUNT: usize = if cfg!(bedplate_loom) { 3 } else { 256 };

pub(super) use imp::Table;

/// Pages of their own, which take memory when they are first touched: a pool costs the memory of the threads that use it, and
/// is made at the price of a system call.
#[cfg(all(target_os = "linux", not(any(bedplate_loom, bedplate_shuttle))))]
mod imp {
    use std::alloc::{Layout, handle_alloc_error};
    use std::marker::PhantomData;

    use super::COUNT;
    use crate::pool::stock::magazine::Magazine;
    use crate::sys::memory::Pages;

    #[derive(Debug)]
    pub(in crate::pool::stock) struct Table<I> {
        pages: Pages,
        _magazines: PhantomData<Magazine<I>>,
    }

    // SAFETY: the pages belong to the table alone, and the items in them may be sent.
    unsafe impl<I: Send> Send for Table<I> {}
    // SAFETY: a shared table gives out shared magazines, whose cells are touched by one thread at a time (see `Magazine`), and
    // items go from thread to thread through them.
    unsafe impl<I: Send> Sync for Table<I> {}

    impl<I> Table<I> {
        /// Aborts where there is no memory, as the allocation of anything so small does.
        pub(in crate::pool::stock) fn new() -> Self {
            let layout = Layout::new::<[Magazine<I>; COUNT]>();
            let pages = Pages::map(layout.size(), layout.align()).unwrap_or_else(|_| handle_alloc_error(layout));
            Self { pages, _magazines: PhantomData }
        }

        #[inline]
        pub(in crate::pool::stock) fn get(&self, slot: usize) -> Option<&Magazine<I>> {
            if slot >= COUNT {
                return None;
            }
            // SAFETY: `COUNT` magazines fit into the pages, which are aligned for them. They were valid from the start: zero
            // bytes are atomics at zero, `false`, and cells of memory that need not be initialised. Nothing of them needs to be
            // dropped before the pages are.
            unsafe { Some(self.pages.as_ptr().cast::<Magazine<I>>().add(slot).as_ref()) }
        }
    }
}

#[cfg(not(all(target_os = "linux", not(any(bedplate_loom, bedplate_shuttle)))))]
mod imp {
    use super::COUNT;
    use crate::pool::stock::{Item, magazine::Magazine};

    #[derive(Debug)]
    pub(in crate::pool::stock) struct Table<I> {
        magazines: Box<[Magazine<I>]>,
    }

    // SAFETY: a shared table gives out shared magazines, whose cells are touched by one thread at a time (see `Magazine`), and
    // items go from thread to thread through them.
    unsafe impl<I: Send> Sync for Table<I> {}

    impl<I: Item> Table<I> {
        pub(in crate::pool::stock) fn new() -> Self {
            Self { magazines: (0..COUNT).map(|_| Magazine::new()).collect() }
        }

        #[inline]
        pub(in crate::pool::stock) fn get(&self, slot: usize) -> Option<&Magazine<I>> {
            self.magazines.get(slot)
        }
    }
}
