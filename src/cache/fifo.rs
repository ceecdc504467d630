use super::node::Node;
use super::slab::{NONE, Slab};

/// A queue of nodes, linked through them, from which any can be taken.
#[derive(Debug)]
pub(super) struct Fifo {
    pub(super) newest: u32,
    pub(super) oldest: u32,
    pub(super) len: usize,
}

impl Fifo {
    pub(super) const fn new() -> Self {
        Self { newest: NONE, oldest: NONE, len: 0 }
    }

    pub(super) fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    pub(super) fn push<K, V>(&mut self, nodes: &mut Slab<Node<K, V>>, at: u32) {
        nodes[at].older = self.newest;
        nodes[at].newer = NONE;
        match self.newest {
            NONE => self.oldest = at,
            newest => nodes[newest].newer = at,
        }
        self.newest = at;
        self.len += 1;
    }

    pub(super) fn unlink<K, V>(&mut self, nodes: &mut Slab<Node<K, V>>, at: u32) {
        let Node { newer, older, .. } = nodes[at];
        match newer {
            NONE => self.newest = older,
            newer => nodes[newer].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => nodes[older].newer = newer,
        }
        self.len -= 1;
    }
}
