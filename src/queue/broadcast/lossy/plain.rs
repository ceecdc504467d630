#![allow(unsafe_code)] // The trait is unsafe to implement: it promises that every byte may be read.

/// Items that are nothing but their bytes, as a lossy broadcast copies them.
///
/// Implemented for integers, floats, `bool`, `char`, `()` and arrays of these; for a type of your own, see below.
///
/// ```
/// use bedplate::queue::broadcast::{self, lossy};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Tick {
///     instrument: u32,
///     size: u32,
///     price: f64,
/// }
/// // SAFETY: twice four bytes and eight, aligned without padding; no pointer.
/// unsafe impl lossy::Plain for Tick {}
///
/// let (sender, mut receiver) = broadcast::lossy(16);
/// let tick = Tick { instrument: 7, size: 100, price: 1.25 };
/// sender.push(tick).unwrap();
/// assert_eq!(receiver.try_recv(), Ok(tick));
/// ```
///
/// What has pointers in it, or a `Drop`, is not plain:
///
/// ```compile_fail,E0277
/// let _ = bedplate::queue::broadcast::lossy::<String>(16);
/// ```
///
/// # Safety
///
/// - Every byte of every value is initialised: the type has no padding, is no `union` and has no `MaybeUninit` in it.
///   An `enum` without fields is fine; one with fields has padding wherever its variants differ.
/// - There is no pointer and no reference in it: a copy through integers has lost where it may point.
/// - There is no interior mutability in it.
pub unsafe trait Plain: Copy + Send + 'static {}

/// Implements `Plain` for types of the language that qualify.
macro_rules! plain {
    ($($plain:ty)*) => {
        $(
            // SAFETY: a number, a truth value or a character: each of its bytes is part of the value.
            unsafe impl Plain for $plain {}
        )*
    };
}

plain!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 bool char);

// SAFETY: has no bytes.
unsafe impl Plain for () {}

// SAFETY: elements lie side by side, without padding in between.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}
