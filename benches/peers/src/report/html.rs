//! The rows for people: one page, nothing loaded from elsewhere.

use super::chart;
use super::run::figure;
use super::{Report, run};
use crate::harness::{Better, Row};
use std::fmt::Write;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6575; --line: #d5dae2; --paper: #fff; --raised: #f4f6f9;
  --ahead: #0b7a6f; --behind: #c2570c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ef; --soft: #9aa5b5; --line: #353d4a; --paper: #14181f;
  --raised: #1c222c; --ahead: #34b3a5; --behind: #ef8a3c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.6rem; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); } .quick { color: var(--behind); font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 1rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; } code { font-size: .9em; }
.scroll { overflow-x: auto; } svg { display: block; width: 100%; min-width: 42rem; height: auto; }
table { border-collapse: collapse; width: 100%; margin-top: .75rem; font-size: .87rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; background: var(--raised); } .n { text-align: right; }
td.detail { white-space: normal; color: var(--soft); font-size: .82rem; border-bottom-width: 2px; }
.ahead { color: var(--ahead); font-weight: 600; } .behind { color: var(--behind); font-weight: 600; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .soft { fill: var(--soft); }
svg .grid { stroke: var(--line); } svg .one { stroke: var(--soft); stroke-width: 1.5; } svg .whisker { stroke: var(--ink); stroke-width: 1.2; }
svg rect.ahead { fill: var(--ahead); } svg rect.behind { fill: var(--behind); }
";

/// The report as a page.
pub fn render(report: &Report) -> String {
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n";
    // Writing to a string does not fail.
    let _ = write!(out, "<title>bedplate and its peers</title>\n<style>{STYLE}</style>\n</head>\n<body>\n");
    let quick = if report.quick { " <span class=\"quick\">quick run</span>" } else { "" };
    let _ = writeln!(out, "<h1>bedplate and its peers{quick}</h1>");
    let _ = writeln!(out, "<p class=\"soft\">{}.</p>", escape(&report.method()));
    head(&mut out, report);
    for (suite, rows) in report.suites() {
        let _ = writeln!(out, "<h2>{}</h2>", escape(suite));
        let _ = writeln!(out, "<div class=\"scroll\">{}</div>", chart::render(suite, rows));
        table(&mut out, rows);
    }
    if !report.left_out.is_empty() {
        out += "<h2>Left out</h2>\n<ul>\n";
        for left_out in &report.left_out {
            let (suite, what) = (escape(&left_out.suite), escape(&left_out.what));
            let _ = writeln!(out, "<li><b>{suite} / {what}</b>: {}</li>", escape(&left_out.why));
        }
        out += "</ul>\n";
    }
    out += "</body>\n</html>\n";
    out
}

fn head(out: &mut String, report: &Report) {
    let machine = &report.machine;
    let facts = [
        ("machine", &machine.machine),
        ("kernel", &machine.kernel),
        ("compiler", &machine.rustc),
        ("commit", &machine.commit),
        ("date", &machine.date),
        ("command", &report.command),
    ];
    *out += "<dl>\n";
    for (name, value) in facts {
        let _ = writeln!(out, "<dt>{name}</dt><dd><code>{}</code></dd>", escape(value));
    }
    *out += "</dl>\n";
}

fn table(out: &mut String, rows: &[Row]) {
    *out += "<div class=\"scroll\"><table>\n<thead><tr><th>row</th><th class=\"n\">threads</th><th>unit</th>\
        <th class=\"n\">bedplate</th><th class=\"n\">spread</th><th>peer</th><th class=\"n\">peer's</th>\
        <th class=\"n\">spread</th><th class=\"n\">ratio</th><th class=\"n\">of rounds</th></tr></thead>\n<tbody>\n";
    for group in rows.chunk_by(|a, b| a.row == b.row) {
        for row in group {
            let better = match row.better {
                Better::Lower => "lower is better",
                Better::Higher => "higher is better",
            };
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td class=\"n\">{}</td><td title=\"{better}\">{}</td><td class=\"n\">{}</td>\
                 <td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
                 <td class=\"n {}\">{:.2}</td><td class=\"n\">{:.2} – {:.2}</td></tr>",
                escape(&row.row),
                row.threads,
                escape(&row.unit),
                figure(row.ours),
                range(row.ours_range),
                escape(&row.peer),
                figure(row.theirs),
                range(row.theirs_range),
                side(row.ratio),
                row.ratio,
                row.ratio_min,
                row.ratio_max,
            );
        }
        let _ = writeln!(out, "<tr><td class=\"detail\" colspan=\"10\">{}</td></tr>", escape(&group[0].detail));
    }
    *out += "</tbody>\n</table></div>\n";
}

fn range([least, greatest]: [f64; 2]) -> String {
    format!("{} – {}", run::figure(least), run::figure(greatest))
}

/// The class of a ratio.
pub fn side(ratio: f64) -> &'static str {
    if ratio >= 1.0 { "ahead" } else { "behind" }
}

/// Text as it may stand in an element or a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            c => out.push(c),
        }
    }
    out
}
