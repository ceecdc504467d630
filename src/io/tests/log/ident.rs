/// What a record of the tests says of itself, so that it is known wherever it comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ident {
    /// How often the log was opened before.
    pub(super) generation: u8,
    pub(super) thread: u8,
    /// The thread's own number, from 0 without a gap.
    pub(super) number: u32,
    /// That of the first record of its batch.
    pub(super) first: u32,
    /// Records of its batch; 1 where it came alone.
    pub(super) count: u32,
}

impl Ident {
    pub(super) const SIZE: usize = 14;

    /// A record of `len` bytes, which is no less than [`SIZE`](Self::SIZE).
    pub(super) fn data(&self, len: usize) -> Vec<u8> {
        let mut data = vec![self.generation, self.thread];
        for number in [self.number, self.first, self.count] {
            data.extend_from_slice(&number.to_le_bytes());
        }
        let seed = usize::from(self.generation) * 101 + usize::from(self.thread) * 53 + self.number as usize * 31;
        data.extend((Self::SIZE..len).map(|i| (seed + i * 7) as u8));
        data
    }

    pub(super) fn of(data: &[u8]) -> Self {
        let number = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
        Self { generation: data[0], thread: data[1], number: number(2), first: number(6), count: number(10) }
    }
}
