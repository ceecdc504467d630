//! The ratios of a suite as bars on a logarithmic scale, so that twice as fast and half as fast weigh the same.

use super::html::{escape, side};
use crate::harness::Row;
use std::fmt::Write;

const WIDTH: f64 = 960.0;
/// Where the names of the rows and the peers end.
const LEFT: f64 = 330.0;
/// Room for the figure beside the longest bar.
const RIGHT: f64 = 60.0;
const BAR: f64 = 16.0;
/// From one bar to the next, and from one row to the next.
const STEP: f64 = 20.0;
const GAP: f64 = 10.0;
const TOP: f64 = 28.0;

/// Powers of two that the scale spans.
struct Scale {
    least: i32,
    greatest: i32,
}

impl Scale {
    /// The least scale that shows each bar with its whiskers, and something on both sides of 1.
    fn of(rows: &[Row]) -> Self {
        let ends = rows.iter().flat_map(|row| [row.ratio, row.ratio_min, row.ratio_max]);
        let powers: Vec<f64> = ends.filter(|end| end.is_finite() && *end > 0.0).map(f64::log2).collect();
        let least = powers.iter().fold(-1.0, |a: f64, &b| a.min(b)).max(-12.0).floor();
        let greatest = powers.iter().fold(1.0, |a: f64, &b| a.max(b)).min(12.0).ceil();
        Self { least: least as i32, greatest: greatest as i32 }
    }

    fn x(&self, ratio: f64) -> f64 {
        let (least, greatest) = (f64::from(self.least), f64::from(self.greatest));
        let power = ratio.max(f64::MIN_POSITIVE).log2().clamp(least, greatest);
        LEFT + (power - least) / (greatest - least) * (WIDTH - LEFT - RIGHT)
    }
}

/// The chart of a suite.
pub fn render(suite: &str, rows: &[Row]) -> String {
    let groups = rows.chunk_by(|a, b| a.row == b.row).count();
    let bottom = TOP + rows.len() as f64 * STEP + groups as f64 * GAP;
    let height = bottom + 8.0;
    let scale = Scale::of(rows);
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"ratios of suite {}\">\n",
        escape(suite)
    );
    axis(&mut out, &scale, bottom);
    let mut y = TOP + GAP / 2.0;
    for group in rows.chunk_by(|a, b| a.row == b.row) {
        for (index, row) in group.iter().enumerate() {
            let name = if index == 0 { row.row.as_str() } else { "" };
            bar(&mut out, &scale, y, name, row);
            y += STEP;
        }
        y += GAP;
    }
    out += "</svg>";
    out
}

fn axis(out: &mut String, scale: &Scale, bottom: f64) {
    // About ten marks at most.
    let every = ((scale.greatest - scale.least) / 10 + 1).max(1);
    for power in (scale.least..=scale.greatest).filter(|power| power % every == 0) {
        let ratio = f64::from(power).exp2();
        let (x, class) = (scale.x(ratio), if power == 0 { "one" } else { "grid" });
        let mark = if power < 0 { format!("1/{}", 1.0 / ratio) } else { format!("{ratio}") };
        // Writing to a string does not fail.
        let _ = writeln!(out, "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>");
        let _ = writeln!(out, "<text class=\"soft\" x=\"{x:.1}\" y=\"18\" text-anchor=\"middle\">{mark}×</text>");
    }
}

fn bar(out: &mut String, scale: &Scale, y: f64, name: &str, row: &Row) {
    let (one, end) = (scale.x(1.0), scale.x(row.ratio));
    let (from, to) = (scale.x(row.ratio_min), scale.x(row.ratio_max));
    let (text, middle) = (y + BAR - 4.0, y + BAR / 2.0);
    let _ = writeln!(out, "<text x=\"0\" y=\"{text}\">{}</text>", escape(name));
    let peer = LEFT - 10.0;
    let _ = writeln!(
        out,
        "<text class=\"soft\" x=\"{peer}\" y=\"{text}\" text-anchor=\"end\">{}</text>",
        escape(&row.peer)
    );
    let _ = writeln!(
        out,
        "<rect class=\"{}\" x=\"{:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"><title>{} against {}: {:.2} ({:.2} to {:.2})</title></rect>",
        side(row.ratio),
        one.min(end),
        (one - end).abs().max(1.0),
        escape(&row.row),
        escape(&row.peer),
        row.ratio,
        row.ratio_min,
        row.ratio_max,
    );
    let _ = writeln!(out, "<line class=\"whisker\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>");
    let label = one.max(end).max(to) + 6.0;
    let _ = writeln!(out, "<text x=\"{label:.1}\" y=\"{text}\">{:.2}</text>", row.ratio);
}
