//! Where and on what the rows were measured.

use serde::Serialize;
use std::fs;
use std::process::Command;
use std::time::SystemTime;

/// The machine, the build and the moment of a run.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// CPU model and how many CPUs this process may use.
    pub machine: String,
    /// Kernel release.
    pub kernel: String,
    /// The compiler that built this program.
    pub rustc: String,
    /// The commit checked out, with `+` if files differ from it.
    pub commit: String,
    /// When the run ended, UTC.
    pub date: String,
}

impl Machine {
    /// Looks at this machine.
    pub fn read() -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            machine: format!("{}, {cpus} CPUs", cpu_model()),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            rustc: env!("PEERS_RUSTC").to_owned(),
            commit: commit(),
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        }
    }
}

fn cpu_model() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim().to_owned());
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        // No optional locks: another git may be at work in the same tree.
        git.args(["--no-optional-locks", "-C", env!("CARGO_MANIFEST_DIR")]).args(args).output()
    };
    match git(&["rev-parse", "--short=12", "HEAD"]) {
        Ok(head) if head.status.success() => {
            let clean = git(&["diff", "--quiet", "HEAD"]).is_ok_and(|diff| diff.status.success());
            format!("{}{}", String::from_utf8_lossy(&head.stdout).trim(), if clean { "" } else { "+" })
        }
        _ => "none".to_owned(),
    }
}
