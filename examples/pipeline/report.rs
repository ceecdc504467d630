//! Figures, one a line, and the same as JSON.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

#[derive(Clone, Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
}

#[derive(Clone, Debug, serde::Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
}

impl Report {
    pub fn add(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure { name: name.into(), value, unit });
    }

    /// Yes or no, as 1 or 0.
    pub fn add_flag(&mut self, name: impl Into<String>, value: bool) {
        self.add(name, f64::from(u8::from(value)), "yes=1");
    }

    pub fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for Figure { name, value, unit } in &self.figures {
            // Counts print whole, rates and ratios with as many digits as say something.
            let digits = if value.fract() == 0.0 || value.abs() >= 1000.0 { 0 } else { 3 };
            writeln!(out, "{name:<28}  {value:>16.digits$}  {unit}")?;
        }
        out.flush()
    }

    pub fn write_json(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        serde_json::to_writer_pretty(&mut file, &serde_json::json!({ "figures": self.figures }))?;
        file.write_all(b"\n")
    }
}

/// The most memory this process ever had resident, in bytes, where `/proc` tells it.
pub fn peak_resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
