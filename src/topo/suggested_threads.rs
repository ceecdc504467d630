use super::Topology;

impl Topology {
    /// How many threads can keep busy at once: the CPUs that are [allowed](Self::allowed), or fewer where a
    /// [quota](Self::cpu_quota) grants less. At least 1.
    ///
    /// A quota is rounded up, as the runtimes of Go and Java do: of 1.5 CPUs, one thread could use no more than 1. Two
    /// threads that are always busy use all of it, and are then both stopped for the last quarter of each period. Where such
    /// a pause of 25 ms is worse than the lost half CPU, round [`CpuQuota::cpus`](super::CpuQuota::cpus) down.
    ///
    /// [`std::thread::available_parallelism`] rounds down, and reads the affinity and the quota anew at each call; this
    /// tells of the time when the topology was read.
    ///
    /// ```
    /// use bedplate::topo::Topology;
    ///
    /// let machine = Topology::detect()?;
    /// let threads = machine.suggested_threads();
    /// assert!((1..=machine.allowed().len()).contains(&threads));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn suggested_threads(&self) -> usize {
        let cpus = self.allowed.intersection(&self.online).len();
        let granted = self.cgroup.quota.map_or(usize::MAX, super::CpuQuota::cpus_rounded_up);
        cpus.min(granted).max(1)
    }
}
