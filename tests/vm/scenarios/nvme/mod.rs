//! NVMe disks with sectors of 512 and of 4096 bytes, under Linux 6.1.

mod copies;
mod disk;
mod file;
mod mappings;
mod ring;
mod streams;

use super::Case;
use crate::machine::Machine;

pub use copies::CASES as COPIES;
pub use disk::{MACHINE, path_of};
pub use file::CASES as FILE;
pub use mappings::CASES as MAPPINGS;
pub use ring::CASES as RING;
pub use streams::CASES as STREAMS;
