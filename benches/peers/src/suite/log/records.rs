/// Bytes of a record, where the row's name says nothing else.
pub const RECORD: usize = 100;

/// Bytes of the two numbers before the others.
const NUMBERS: usize = 16;

/// A record of a thread: its thread's number, its own, and bytes that tell the thread again.
///
/// So that a record that is lost, told twice, torn, or put where another belongs does not pass.
pub fn blank(thread: usize, bytes: &mut [u8]) {
    bytes.fill(filling(thread));
    bytes[..8].copy_from_slice(&(thread as u64).to_le_bytes());
    stamp(bytes, 0);
}

/// Gives a record its own number.
#[inline]
pub fn stamp(bytes: &mut [u8], number: u64) {
    bytes[8..NUMBERS].copy_from_slice(&number.to_le_bytes());
}

/// The thread's number and its own, of a record.
///
/// # Panics
///
/// If it is none.
pub fn read(bytes: &[u8]) -> (usize, u64) {
    let (numbers, rest) = bytes.split_at(NUMBERS);
    let number = |at: usize| u64::from_le_bytes(numbers[at..at + 8].try_into().expect("eight bytes"));
    let thread = number(0) as usize;
    assert!(rest.iter().all(|&byte| byte == filling(thread)), "a record of thread {thread} is not as it was written");
    (thread, number(8))
}

fn filling(thread: usize) -> u8 {
    // Never zero, which is what is there before.
    1 + (thread % 255) as u8
}

/// What was found so far of what each thread wrote.
#[derive(Debug)]
pub struct Seen {
    /// The number that the thread's next record has; `None` where any may be its first.
    next: Vec<Option<u64>>,
}

impl Seen {
    /// Records of so many threads, from the first of each on.
    pub fn from_first(threads: usize) -> Self {
        Self { next: vec![Some(0); threads] }
    }

    /// Records of so many threads, the first of which may be gone.
    pub fn from_any(threads: usize) -> Self {
        Self { next: vec![None; threads] }
    }

    /// Looks at the next record.
    ///
    /// # Panics
    ///
    /// If it is none, or not the next of its thread.
    pub fn see(&mut self, record: &[u8]) {
        let (thread, number) = read(record);
        let next = self.next[thread].get_or_insert(number);
        assert_eq!(*next, number, "the records of thread {thread} are there once each, in its order");
        *next += 1;
    }

    /// How many records the threads wrote by the last that was seen of each.
    pub fn total(&self) -> u64 {
        self.next.iter().flatten().sum()
    }
}
