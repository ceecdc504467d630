//! What hwloc wrote of a saved machine: `lstopo -v` or its XML, as much of them as is compared.

use std::collections::HashMap;

use bedplate::topo::CpuSet;

/// An object and the CPUs below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `Package`, `L1d`, `L1i`, `L2`, `L3`, `Cluster`, `Die`, `Core`, `NUMANode` …
    pub kind: String,
    pub id: Option<usize>,
    pub cpus: CpuSet,
    /// In bytes, of caches.
    pub size: Option<u64>,
    pub line: Option<u32>,
}

#[derive(Debug, Default)]
pub struct Reference {
    pub objects: Vec<Object>,
    /// Whether sizes are rounded to units.
    pub is_rounded: bool,
    /// Weakest first.
    pub kinds: Vec<CpuSet>,
    /// From, to, how far; by the kernel's numbers.
    pub distances: Vec<(usize, usize, u32)>,
}

impl Reference {
    pub fn parse(text: &str) -> Self {
        if text.starts_with("<?xml") { xml(text) } else { console(text) }
    }

    pub fn of(&self, kind: &str) -> Vec<&Object> {
        self.objects.iter().filter(|object| object.kind == kind).collect()
    }
}

/// A tree by indentation, then tables.
fn console(text: &str) -> Reference {
    let mut reference = Reference { is_rounded: true, ..Reference::default() };
    // The kernel's numbers of nodes by hwloc's.
    let mut nodes = HashMap::new();
    // Indentation and index of the objects that are open.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next_if(|line| !line.starts_with("depth 0")) {
        let indent = line.len() - line.trim_start().len();
        let word = line.trim_start();
        let (kind, rest) = word.split_at(word.find([' ', '(']).unwrap_or(word.len()));
        let kind = if rest.starts_with("(Cluster)") { "Cluster" } else { kind.trim_end_matches("Cache") };
        open.retain(|(above, _)| *above < indent);
        let id = after(rest, "P#").and_then(|rest| number(rest).parse().ok());
        if kind == "PU" {
            open.iter().for_each(|(_, object)| {
                reference.objects[*object].cpus.insert(id.unwrap());
            });
            continue;
        }
        if kind == "NUMANode" {
            let index: usize = number(after(rest, "L#").unwrap()).parse().unwrap();
            nodes.insert(index, id.unwrap());
        }
        let size = after(rest, "size=").map(|rest| number(rest).parse::<u64>().unwrap() << shift(rest));
        let line = after(rest, "linesize=").and_then(|rest| number(rest).parse().ok());
        open.push((indent, reference.objects.len()));
        reference.objects.push(Object { kind: kind.to_owned(), id, cpus: CpuSet::new(), size, line });
    }
    while let Some(line) = lines.next() {
        if line.starts_with("CPU kind") {
            reference.kinds.push(mask(line.rsplit(' ').next().unwrap()));
        } else if line.starts_with("Relative latency matrix (name NUMALatency") {
            let row =
                |line: &str| -> Vec<usize> { line.split_whitespace().filter_map(|cell| cell.parse().ok()).collect() };
            // The table goes by hwloc's numbers.
            let columns: Vec<_> = row(lines.next().unwrap()).iter().map(|index| nodes[index]).collect();
            for _ in &columns {
                let cells = row(lines.next().unwrap());
                let distances = columns.iter().zip(&cells[1..]);
                reference.distances.extend(distances.map(|(to, distance)| (nodes[&cells[0]], *to, *distance as u32)));
            }
        }
    }
    reference
}

fn xml(text: &str) -> Reference {
    let mut reference = Reference::default();
    for line in text.lines().map(str::trim_start) {
        let attribute = |name: &str| after(line, &format!(" {name}=\"")).map(|rest| rest.split('"').next().unwrap());
        if line.starts_with("<cpukind ") {
            reference.kinds.push(mask(attribute("cpuset").unwrap()));
        }
        let (Some(kind), true) = (attribute("type"), line.starts_with("<object")) else { continue };
        let kind = match (kind.trim_end_matches("Cache"), attribute("cache_type")) {
            ("L1", Some("1")) => "L1d",
            (_, _) if attribute("subtype") == Some("Cluster") => "Cluster",
            (kind, _) => kind,
        };
        reference.objects.push(Object {
            kind: kind.to_owned(),
            id: attribute("os_index").and_then(|id| id.parse().ok()),
            cpus: attribute("cpuset").map(mask).unwrap_or_default(),
            size: attribute("cache_size").and_then(|size| size.parse().ok()),
            line: attribute("cache_linesize").and_then(|line| line.parse().ok()),
        });
    }
    reference
}

/// The mask of hwloc, whose words start with `0x` and may be left out where they are zero.
fn mask(text: &str) -> CpuSet {
    let words: Vec<_> = text
        .split(',')
        .map(|word| word.trim_start_matches("0x"))
        .map(|word| if word.is_empty() { "0" } else { word })
        .collect();
    CpuSet::parse_mask(&words.join(",")).unwrap()
}

fn after<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    // Not `linesize=` for `size=`.
    text.match_indices(what)
        .find(|(at, _)| what != "size=" || !text[..*at].ends_with("line"))
        .map(|(at, _)| &text[at + what.len()..])
}

fn number(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

fn shift(size: &str) -> u32 {
    match number_unit(size) {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => 0,
    }
}

fn number_unit(size: &str) -> &str {
    let unit = &size[number(size).len()..];
    &unit[..unit.len().min(3)]
}
