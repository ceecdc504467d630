use std::error::Error;
use std::fmt;

use super::LogError;
use crate::pool::Block;

/// A block that was not appended: [`AppendLog::append_block`](super::AppendLog::append_block) gives it back.
#[derive(Debug)]
#[non_exhaustive]
pub struct BlockRefused {
    /// The block, as it was.
    pub block: Block,
    /// Why.
    pub error: LogError,
}

impl BlockRefused {
    /// The block.
    pub fn into_inner(self) -> Block {
        self.block
    }
}

impl fmt::Display for BlockRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for BlockRefused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl From<BlockRefused> for LogError {
    fn from(refused: BlockRefused) -> Self {
        refused.error
    }
}
