//! A log on a disk that loses power, fails or lies: the device mapper records what comes to the disk, refuses it or throws
//! it away. Under Linux 6.1, whose modules [`modules`] loads.

mod device;
mod disk;
mod flakey;
mod history;
mod lost;
mod modules;
mod work;

use super::Case;
use crate::machine::Machine;

pub use disk::MACHINE;
pub use flakey::CASES as FLAKEY;
pub use lost::CASES as LOST;
