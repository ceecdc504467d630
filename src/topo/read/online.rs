//! Which CPUs there are, and which are on.

use crate::topo::files::Files;
use crate::topo::{CpuSet, Warning};

/// The numbers from which on CPUs and nodes are left out: Linux can be built for 8,192 CPUs and 1,024 nodes at most.
/// Garbage that names a million CPUs would take gigabytes.
pub(super) const LIMIT: usize = 1 << 14;

/// The CPUs that are online, those of `allowed` among them.
pub(super) fn online(sys: &mut Files, allowed: Option<&CpuSet>) -> CpuSet {
    let listed = sys.list("devices/system/cpu/online").filter(|online| !online.is_empty());
    let online = listed.unwrap_or_else(|| online_one_by_one(sys));
    let online = match allowed {
        None => online,
        Some(allowed) if online.is_empty() => {
            sys.warn(Warning::NoOnline);
            allowed.clone()
        }
        Some(allowed) => {
            // A container may be shown a `/sys` that is not its machine's.
            let unlisted = allowed - &online;
            if !unlisted.is_empty() {
                sys.warn(Warning::Contradicted { cpus: unlisted });
            }
            &online | allowed
        }
    };
    if online.last().is_none_or(|last| last < LIMIT) {
        return online;
    }
    let (kept, beyond): (CpuSet, CpuSet) =
        (online.iter().filter(|cpu| *cpu < LIMIT).collect(), online.iter().filter(|cpu| *cpu >= LIMIT).collect());
    sys.warn(Warning::TooMany { cpus: beyond });
    kept
}

/// Before Linux 2.6.26 there is no list, but each CPU that can be turned off has a file that says whether it is on.
fn online_one_by_one(sys: &mut Files) -> CpuSet {
    let mut cpus = sys.numbered("devices/system/cpu", "cpu");
    cpus.retain(|cpu| sys.text(&format!("devices/system/cpu/cpu{cpu}/online")).as_deref() != Some("0"));
    // Some kernels leave the file out and take the CPU's `topology` away.
    let (with, without): (Vec<_>, Vec<_>) =
        cpus.into_iter().partition(|cpu| sys.exists(&format!("devices/system/cpu/cpu{cpu}/topology")));
    if with.is_empty() { without.into_iter().collect() } else { with.into_iter().collect() }
}

/// The CPUs that are plugged in and not `online`. Sockets and slots that are empty count among the possible CPUs of
/// many machines, by the hundred, and are no CPUs.
pub(super) fn offline(sys: &mut Files, online: &CpuSet) -> CpuSet {
    let present = sys.list("devices/system/cpu/present").filter(|present| !present.is_empty());
    let mut present = present.unwrap_or_else(|| sys.numbered("devices/system/cpu", "cpu").into_iter().collect());
    present -= online;
    if present.last().is_some_and(|last| last >= LIMIT) {
        present = present.iter().filter(|cpu| *cpu < LIMIT).collect();
    }
    present
}
