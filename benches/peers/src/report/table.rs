//! The rows for a terminal.

use super::Report;
use super::run::figure;
use crate::harness::Row;
use std::fmt::Write;

/// The report as text.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    let machine = &report.machine;
    // Writing to a string does not fail.
    let _ = writeln!(out, "\n{} | Linux {} | {}", machine.machine, machine.kernel, machine.rustc);
    let _ = writeln!(out, "commit {} | {} | {}", machine.commit, machine.date, report.command);
    let _ = writeln!(out, "{}", report.method());
    for (suite, rows) in report.suites() {
        let _ = writeln!(out, "\n{suite}");
        table(&mut out, rows);
        for details in rows.chunk_by(|a, b| a.row == b.row) {
            let _ = writeln!(out, "  {}: {}", details[0].row, details[0].detail);
        }
    }
    if !report.left_out.is_empty() {
        let _ = writeln!(out, "\nleft out");
        for left_out in &report.left_out {
            let _ = writeln!(out, "  {} / {}: {}", left_out.suite, left_out.what, left_out.why);
        }
    }
    out
}

fn table(out: &mut String, rows: &[Row]) {
    let head = ["row", "threads", "unit", "ours", "spread", "peer", "theirs", "spread", "ratio", "min..max"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [
            row.row.clone(),
            row.threads.to_string(),
            row.unit.clone(),
            figure(row.ours),
            range(row.ours_range),
            row.peer.clone(),
            figure(row.theirs),
            range(row.theirs_range),
            format!("{:.2}", row.ratio),
            format!("{:.2}..{:.2}", row.ratio_min, row.ratio_max),
        ]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for line in &lines {
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            // Names to the left, figures to the right.
            let _ = match column {
                0 | 2 | 5 => write!(out, "  {cell:<width$}"),
                _ => write!(out, "  {cell:>width$}"),
            };
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
}

fn range([least, greatest]: [f64; 2]) -> String {
    format!("{}..{}", figure(least), figure(greatest))
}
