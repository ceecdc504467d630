use std::fmt;

/// What a level consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Package,
    Die,
    Node,
    L3,
    Cluster,
    L2,
    /// Of data.
    L1,
    /// Of instructions.
    L1i,
    Core,
    Pu,
}

impl Kind {
    /// By the names that hwloc takes, and a few more.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "pkg" | "pack" | "package" | "socket" => Self::Package,
            "die" => Self::Die,
            "numa" | "node" | "numanode" => Self::Node,
            "l3" | "l3cache" => Self::L3,
            "cluster" | "group" => Self::Cluster,
            "l2" | "l2cache" => Self::L2,
            "l1" | "l1d" | "l1cache" | "l1dcache" => Self::L1,
            "l1i" | "l1icache" => Self::L1i,
            "core" => Self::Core,
            "pu" => Self::Pu,
            _ => return None,
        })
    }

    /// Whether one may be inside an `outer`, directly or not.
    pub(super) fn fits_in(self, outer: Self) -> bool {
        use Kind::{Cluster, Core, Die, L1, L1i, L2, L3, Node, Package, Pu};
        match self {
            Package => matches!(outer, Node),
            Die => matches!(outer, Package | Node | L3),
            Node => matches!(outer, Package | Die | L3 | Cluster),
            L3 => matches!(outer, Package | Die | Node | Cluster),
            Cluster => matches!(outer, Package | Die | Node | L3 | L2),
            L2 => !matches!(outer, L2 | L1 | L1i | Pu),
            L1 => !matches!(outer, L1 | Pu),
            L1i => !matches!(outer, L1i | Pu),
            Core => !matches!(outer, Core | Pu),
            Pu => outer != Pu,
        }
    }

    pub(super) fn is_cache(self) -> bool {
        matches!(self, Self::L3 | Self::L2 | Self::L1 | Self::L1i)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Package => "pkg",
            Self::Die => "die",
            Self::Node => "numa",
            Self::L3 => "l3",
            Self::Cluster => "cluster",
            Self::L2 => "l2",
            Self::L1 => "l1",
            Self::L1i => "l1i",
            Self::Core => "core",
            Self::Pu => "pu",
        })
    }
}
