//! The disk tester fio, as a peer.

mod error;
mod report;

pub use error::FioError;
pub use report::Report;

use super::bounded::run_bounded;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// One job of fio, which it does as a thread of one process.
///
/// It measures as little as it can (`gtod_reduce`), so that its rates are as high as it gets them; its start is not in
/// the time that it reports.
#[derive(Clone, Debug)]
pub struct Fio {
    program: OsString,
    args: Vec<OsString>,
    limit: Duration,
}

impl Fio {
    /// No job ends later than this after its start.
    const LIMIT: Duration = Duration::from_secs(120);

    /// A job without work yet, done by `program`, which is looked for as a shell does.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), limit: Self::LIMIT }
    }

    /// A job on an existing file past the page cache: `rw` in transfers of `size` bytes, as many at once as `depth`.
    pub fn job(engine: &str, file: &Path, rw: &str, size: usize, depth: usize) -> Self {
        let mut job = Self::new("fio").arg("--name=peer").arg("--thread").arg("--direct=1").arg("--gtod_reduce=1");
        let mut filename = OsString::from("--filename=");
        filename.push(file);
        job.args.push(filename);
        // A clock that it need not calibrate for a tenth of a second, and no look at the disks.
        job = job.arg("--clocksource=clock_gettime").arg("--disk_util=0").arg("--eta=never");
        job.arg(format!("--ioengine={engine}"))
            .arg(format!("--rw={rw}"))
            .arg(format!("--bs={size}"))
            .arg(format!("--iodepth={depth}"))
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Anywhere in the file, drawn anew each time, for so long.
    pub fn anywhere_for(self, time: Duration) -> Self {
        let job = self.arg("--norandommap").arg("--randrepeat=0").arg("--time_based");
        job.arg(format!("--runtime={}ms", time.as_millis()))
    }

    /// The CPU it is bound to.
    pub fn on(self, cpu: usize) -> Self {
        self.arg(format!("--cpus_allowed={cpu}"))
    }

    /// Ended, if it takes longer.
    #[cfg(test)]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// What it calls itself; or why it cannot be asked.
    pub fn version(&self) -> Result<String, String> {
        match Command::new(&self.program).args(&self.args).arg("--version").stderr(Stdio::null()).output() {
            Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            Ok(output) => Err(format!("`fio --version` ended with {}", output.status)),
            Err(error) => Err(format!("its peer fio cannot be started: {error}")),
        }
    }

    /// Does the job, and says what was measured. `folder` is for what it writes.
    pub fn run(&self, folder: &Path) -> Result<Report, FioError> {
        let output = folder.join("fio-output");
        let messages = folder.join("fio-messages");
        let mut command = Command::new(&self.program);
        command.args(&self.args).arg("--output-format=json").arg(option("--output=", output.as_os_str()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&messages)?);
        // Files where it may save its state.
        command.current_dir(folder);
        let status = run_bounded(command, self.limit)?;
        let said = fs::read_to_string(&messages).unwrap_or_default();
        let json = fs::read_to_string(&output).unwrap_or_default();
        let _ = (fs::remove_file(&messages), fs::remove_file(&output));
        let Some(status) = status else { return Err(FioError::TooLong(self.limit)) };
        if !status.success() {
            // In its output too, before or in place of the JSON.
            let said =
                if said.trim().is_empty() { json.split('{').next().unwrap_or_default().to_owned() } else { said };
            return Err(FioError::Failed { status, said: said.trim().lines().take(3).collect::<Vec<_>>().join("; ") });
        }
        Report::parse(&json)
    }
}

fn option(name: &str, value: &OsStr) -> OsString {
    let mut option = OsString::from(name);
    option.push(value);
    option
}
