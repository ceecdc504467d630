use super::id_set::id_set;

id_set! {
    /// A set of CPUs, by the kernel's numbers. Grows as needed.
    ///
    /// ```
    /// use bedplate::topo::CpuSet;
    ///
    /// let mut cpus: CpuSet = "0-3,8".parse()?;
    /// assert_eq!(cpus.len(), 5);
    /// cpus.insert(9);
    /// assert_eq!(cpus.to_string(), "0-3,8-9");
    /// assert_eq!(cpus.to_mask(), "30f");
    /// assert_eq!(&cpus & &CpuSet::from([3, 4]), CpuSet::single(3));
    /// assert_eq!(CpuSet::parse_mask("1,00000000")?, CpuSet::single(32));
    /// # Ok::<(), bedplate::topo::ParseSetError>(())
    /// ```
    CpuSet
}

impl CpuSet {
    /// The set of a kernel mask, of which trailing words may be zero: bit `i` of word `w` stands for CPU `64 * w + i`.
    pub(super) fn from_words(words: impl AsRef<[u64]>) -> Self {
        Self(super::bits::Bits::from_words(words.as_ref()))
    }

    pub(super) fn words(&self) -> &[u64] {
        self.0.words()
    }
}
