//! The end of the pipeline: batches of survivors into the log, and what is told of them once they are durable.

use std::fs::File;
use std::io::Write;
use std::mem;
use std::sync::{Arc, Mutex, OnceLock, mpsc};

use bedplate::io::{AppendLog, LogError, Lsn};
use bedplate::pool::OwnedPooled;
use bedplate::stats::Histogram;
use bedplate::time::Clock;

use crate::output::{Checksum, Output};

pub type Outputs = Vec<OwnedPooled<Output>>;

/// What the log acknowledged so far.
#[derive(Debug, Default)]
pub struct Acknowledged {
    told: Mutex<Told>,
    /// From the end of the read of a record's block to the moment it is durable.
    pub latency: Histogram,
    /// Why the log, or the file of the acknowledgements, takes no more.
    failure: OnceLock<String>,
}

#[derive(Debug, Default)]
struct Told {
    records: Checksum,
    last: Lsn,
    acks: Option<File>,
    /// A line of `acks` could not be written: nothing more is acknowledged.
    ended: bool,
}

impl Acknowledged {
    /// Nothing so far; each acknowledged LSN goes to `acks` too, one a line.
    pub fn new(acks: Option<File>) -> Self {
        Self { told: Mutex::new(Told { acks, ..Told::default() }), ..Self::default() }
    }

    /// The records, and the last of them.
    pub fn so_far(&self) -> (Checksum, Lsn) {
        let told = self.told.lock().expect("nothing panics under this lock");
        (told.records, told.last)
    }

    /// The first thing that went wrong here.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    fn fail(&self, failure: String) {
        // What fails after the first failure fails because of it.
        let _ = self.failure.set(failure);
    }

    /// The records up to `last` are durable, `outputs` the last of them.
    fn acknowledge(&self, last: Lsn, outputs: &Outputs) {
        let now = Clock::Monotonic.now();
        let mut told = self.told.lock().expect("nothing panics under this lock");
        if told.ended {
            return;
        }
        if let Some(Err(error)) = told.acks.as_mut().map(|acks| writeln!(acks, "{last}")) {
            told.ended = true;
            self.fail(format!("--acks: {error}"));
            return;
        }
        for output in outputs {
            let latency = now - output.arrived;
            self.latency.record_n(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX), output.len() as u64);
            told.records.merge(output.checksum());
        }
        told.last = last;
    }
}

/// What the batcher's thread does with a batch: appends it, and leaves its acknowledgement to the log.
///
/// So the next batch gathers, and is appended, while those before it are with the disk. The log acknowledges in the order
/// of the records. The outputs go back to their pool with that, and not before: that bounds how far the log can fall
/// behind.
pub fn appender(acknowledged: Arc<Acknowledged>, log: Arc<AppendLog>) -> impl FnMut(&mut Outputs) + Send + 'static {
    move |outputs| {
        let outputs = mem::take(outputs);
        // After a failure nothing more comes into the log, which would have a gap, but the parsers must not wait for ever.
        if acknowledged.failure().is_none()
            && let Err(error) = append(&acknowledged, &log, outputs)
        {
            acknowledged.fail(error.to_string());
        }
    }
}

fn append(acknowledged: &Arc<Acknowledged>, log: &AppendLog, outputs: Outputs) -> Result<(), LogError> {
    // It survives a crash whole or not at all.
    let lsns = log.append_batch(outputs.iter().flat_map(|output| output.records()))?;
    let last = Lsn::new(lsns.end.get() - 1);
    let acknowledged = Arc::clone(acknowledged);
    log.on_durable(last, move |durable| match durable {
        Ok(_) => acknowledged.acknowledge(last, &outputs),
        Err(error) => acknowledged.fail(error.to_string()),
    })
}

/// Waits until everything that was appended is acknowledged, or can no longer be.
pub fn settle(log: &AppendLog) -> Result<(), LogError> {
    let (settled, all) = mpsc::channel();
    let last = Lsn::new(log.next_lsn().get() - 1);
    // Behind all others, since they are called in order.
    log.on_durable(last, move |_| settled.send(()).unwrap_or_default())?;
    // It is called in any case.
    all.recv().unwrap_or_default();
    Ok(())
}
