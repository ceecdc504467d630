//! Where a block goes back to, in one word.
#![allow(unsafe_code)] // Two kinds of pointer in one word.

use std::fmt;
use std::ptr::NonNull;

use super::block_store::BlockStore;
use crate::mem::Mapping;
use crate::pool::AcquireError;
use crate::pool::home::Address;
use crate::pool::try_box::try_box;

/// The pool of a block, or the mapping that is all the block's: the address of either, the latter with its lowest bit
/// set.
///
/// A word, and not an enum of two pointers, keeps the block at three words. It owns what it names only as far as the
/// block does: it is copied freely, and unsafe to follow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin(NonNull<()>);

/// What an origin names.
pub(super) enum Kind {
    Pool(Address<BlockStore>),
    Direct(Direct),
}

const DIRECT: usize = 1;
const _: () = assert!(align_of::<Mapping>() > DIRECT && Address::<BlockStore>::ALIGN > DIRECT);

// SAFETY: to follow it takes unsafe code, which answers for it.
unsafe impl Send for Origin {}
// SAFETY: as for `Send`.
unsafe impl Sync for Origin {}

impl Origin {
    #[inline]
    pub(super) fn pool(address: Address<BlockStore>) -> Self {
        Self(address.into_raw())
    }

    /// Keeps the mapping until [`Direct::end`].
    pub(super) fn direct(mapping: Mapping) -> Result<Self, AcquireError> {
        let one = try_box(|| Ok(mapping))?;
        Ok(Self(NonNull::from(Box::leak(one)).cast::<()>().map_addr(|addr| addr | DIRECT)))
    }

    #[inline]
    pub(super) fn kind(self) -> Kind {
        if self.0.addr().get() & DIRECT == 0 {
            // SAFETY: an address without the bit is one that `pool` was given.
            Kind::Pool(unsafe { Address::from_raw(self.0) })
        } else {
            Kind::Direct(Direct(self.0))
        }
    }
}

/// The mapping that is all the block's.
#[derive(Clone, Copy)]
pub(super) struct Direct(NonNull<()>);

impl Direct {
    /// # Safety
    ///
    /// - The mapping has not ended, and does not while the reference is used.
    pub(super) unsafe fn mapping<'a>(self) -> &'a Mapping {
        // SAFETY: an address with the bit is one that `direct` made of a leaked mapping's, and that is still there.
        unsafe { &*self.as_ptr() }
    }

    /// Unmaps it.
    ///
    /// # Safety
    ///
    /// - This is the last use of the mapping.
    pub(super) unsafe fn end(self) {
        // SAFETY: `direct` leaked a box of an array of one, and nobody else ends it.
        drop(unsafe { Box::from_raw(self.as_ptr().cast::<[Mapping; 1]>()) });
    }

    fn as_ptr(self) -> *mut Mapping {
        self.0.as_ptr().map_addr(|addr| addr & !DIRECT).cast()
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.0, f)
    }
}
