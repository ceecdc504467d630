use super::FioError;
use serde::Deserialize;
use std::time::Duration;

/// What fio measured of a job that only reads or only writes.
///
/// Its time is from before the file is opened to after the last transfer, with the sync at the end where one is asked
/// for, in whole milliseconds, rounded up (`update_runtime` and `do_io` of its `backend.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Bytes moved.
    pub bytes: u64,
    /// Transfers.
    pub transfers: u64,
    /// How long that took.
    pub time: Duration,
}

#[derive(Deserialize)]
struct Output {
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Job {
    error: i64,
    read: Direction,
    write: Direction,
}

#[derive(Deserialize)]
struct Direction {
    io_bytes: u64,
    total_ios: u64,
    /// Milliseconds.
    runtime: u64,
    #[serde(default)]
    short_ios: u64,
}

impl Report {
    /// From the JSON that it writes, which may have lines of notes before it.
    pub fn parse(text: &str) -> Result<Self, FioError> {
        let wrong = |what: &str| Err(FioError::Output(what.to_owned()));
        let Some(start) = text.find('{') else { return wrong("no JSON") };
        let output: Output =
            serde_json::from_str(&text[start..]).map_err(|error| FioError::Output(error.to_string()))?;
        let [job] = &output.jobs[..] else { return wrong("not one job") };
        if job.error != 0 {
            return Err(FioError::Output(format!("error {} of the job", job.error)));
        }
        let direction = match (&job.read, &job.write) {
            (moved, Direction { total_ios: 0, .. }) | (Direction { total_ios: 0, .. }, moved) => moved,
            _ => return wrong("a job that reads and writes"),
        };
        if direction.total_ios == 0 || direction.runtime == 0 || direction.io_bytes == 0 {
            return wrong("a job that did nothing");
        }
        if direction.short_ios != 0 {
            return wrong("transfers that were cut short");
        }
        let time = Duration::from_millis(direction.runtime);
        Ok(Self { bytes: direction.io_bytes, transfers: direction.total_ios, time })
    }

    /// Megabytes a second.
    pub fn rate(&self) -> f64 {
        self.bytes as f64 / self.time.as_secs_f64() / 1e6
    }

    /// Transfers a second.
    pub fn iops(&self) -> f64 {
        self.transfers as f64 / self.time.as_secs_f64()
    }
}
