use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

/// CPU time that is in no control group of ours, at one moment: of the kernel's threads, and of the machine.
#[derive(Debug)]
pub struct KernelTime {
    /// By process id.
    threads: HashMap<u32, Duration>,
    /// When no CPU had anything to do, added up over all; what a hypervisor took away too.
    idle: Duration,
    cpus: u32,
    at: Instant,
}

impl KernelTime {
    /// Looks.
    pub fn now() -> io::Result<Self> {
        let mut threads = HashMap::new();
        for entry in fs::read_dir("/proc")? {
            let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // It may have ended meanwhile.
            let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
            let Ok(time) = fs::read_to_string(format!("/proc/{id}/schedstat")) else { continue };
            let nanos = time.split(' ').next().and_then(|nanos| nanos.parse().ok());
            if let (true, Some(nanos)) = (is_kernel_thread(&stat), nanos) {
                threads.insert(id, Duration::from_nanos(nanos));
            }
        }
        let (idle, cpus) = idle(&fs::read_to_string("/proc/stat")?)
            .ok_or_else(|| io::Error::other("/proc/stat does not tell idle time"))?;
        Ok(Self { threads, idle, cpus, at: Instant::now() })
    }

    /// What all threads of the kernel have taken since `earlier`.
    pub fn of_threads_since(&self, earlier: &Self) -> Duration {
        let since = |(id, &time): (_, &Duration)| {
            // One that has begun since then may have the id of one that has ended.
            let before = earlier.threads.get(id).copied().unwrap_or_default();
            time.checked_sub(before).unwrap_or(time)
        };
        self.threads.iter().map(since).sum()
    }

    /// How long the CPUs were not idle since `earlier`, whatever they did, interrupts included. To a tick a CPU.
    pub fn of_machine_since(&self, earlier: &Self) -> Duration {
        ((self.at - earlier.at) * self.cpus).saturating_sub(self.idle.saturating_sub(earlier.idle))
    }
}

/// By the line of `/proc/<id>/stat`: whether its parent is `kthreadd`, or it is that.
pub fn is_kernel_thread(stat: &str) -> bool {
    // The name is in parentheses, and may have some in it.
    let Some((before, after)) = stat.rsplit_once(") ") else { return false };
    before.starts_with("2 (") || after.split(' ').nth(1) == Some("2")
}

/// By the text of `/proc/stat`: how long all CPUs together were idle, waited for disks, or were not there; and how many
/// there are.
pub fn idle(stat: &str) -> Option<(Duration, u32)> {
    let mut fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    // user, nice, system, idle, iowait, irq, softirq, steal.
    let (idle, waiting, stolen) = (fields.nth(3)?, fields.next()?, fields.nth(2)?);
    let ticks: u64 = [idle, waiting, stolen].iter().map(|ticks| ticks.parse::<u64>().ok()).sum::<Option<_>>()?;
    let time = Duration::from_nanos(ticks.checked_mul(1_000_000_000 / rustix::param::clock_ticks_per_second())?);
    let cpus = stat.lines().skip(1).filter(|line| line.starts_with("cpu")).count();
    Some((time, cpus as u32))
}
