//! Holds the imports of `src` against the table in `docs/design.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Table = BTreeMap<String, BTreeSet<String>>;

/// Crates that make system calls, and where they may be named.
const SYSTEM_CRATES: [&str; 3] = ["rustix", "libc", "io_uring"];
const SYSTEM_ROOMS: [&str; 2] = ["sys", "io"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows between the heading "Who may import whom" and the next text after them.
fn table(design: &str) -> Table {
    let section = design.split("## Who may import whom").nth(1).expect("docs/design.md has the section");
    let rows = section.lines().skip_while(|l| !l.starts_with('|')).take_while(|l| l.starts_with('|')).skip(2);
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [module, uses] = cells[..] else { panic!("not two cells: {row}") };
        let uses = uses.split(',').map(str::trim).filter(|u| *u != "nothing").map(str::to_owned);
        (module.to_owned(), uses.collect())
    })
    .collect()
}

/// Source without comments and string contents, so that neither can hold a path.
fn code(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if c == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[skipped..];
    }
    out
}

/// The first segment after each `crate::`, with `crate::{a::x, b}` giving both.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let after = code[at + "crate::".len()..].trim_start();
        if let Some(group) = after.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (i, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && depth == 0 && !c.is_whitespace() => {
                        found.insert(name(&group[i..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.insert(name(after));
        }
    }
    // Macros and items of the crate's front page start with a capital letter or are re-exports of a module.
    found.remove("");
    found
}

/// What a file under `src` breaks, one sentence each.
fn offences(table: &Table, module: &str, file: &Path, source: &str) -> Vec<String> {
    let code = code(source);
    let mut offences = Vec::new();
    let Some(allowed) = table.get(module) else {
        return vec![format!("{}: module `{module}` has no row in the table", file.display())];
    };
    for used in crate_paths(&code) {
        let own = used == module;
        let primitive = used == "primitive" && module != "sys";
        if !own && !primitive && !allowed.contains(&used) {
            offences.push(format!("{}: `{module}` may not use `crate::{used}`", file.display()));
        }
    }
    for system in SYSTEM_CRATES {
        let named = code.match_indices(&format!("{system}::")).any(|(at, _)| {
            // `::libc` is the crate; `a::libc` and `my_libc` are something else.
            let before = code[..at].strip_suffix("::").unwrap_or(&code[..at]);
            !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        });
        if named && !SYSTEM_ROOMS.contains(&module) {
            offences.push(format!("{}: `{system}` may be named only under sys and io", file.display()));
        }
    }
    offences
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_module_uses_what_the_table_forbids() {
    let table = table(&fs::read_to_string(root().join("docs/design.md")).expect("docs/design.md can be read"));
    assert!(table.len() >= 13, "the table was not read whole: {table:?}");
    let src = root().join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 30, "src was not read whole: {} files", files.len());

    let mut all = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).expect("it was found under src");
        let first = inside.iter().next().expect("a file has a name").to_str().expect("names are ASCII");
        let module = first.trim_end_matches(".rs");
        if module != "lib" {
            all.extend(offences(&table, module, inside, &fs::read_to_string(&file).expect("a source can be read")));
        }
    }
    assert!(all.is_empty(), "forbidden imports:\n{}", all.join("\n"));
}

#[test]
fn every_module_of_the_front_page_has_a_row() {
    let table = table(&fs::read_to_string(root().join("docs/design.md")).expect("docs/design.md can be read"));
    let front = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs can be read");
    let modules = front.lines().filter_map(|l| l.strip_prefix("pub mod ").or(l.strip_prefix("mod ")));
    for module in modules.filter_map(|m| m.strip_suffix(';')) {
        assert!(table.contains_key(module), "`{module}` has no row in the table");
    }
}

#[test]
fn a_forbidden_arrow_is_found_in_every_spelling() {
    let table =
        table("## Who may import whom\n\n| module | uses |\n|---|---|\n| queue | sync, time |\n| sys | nothing |\n");
    let of = |module: &str, source: &str| offences(&table, module, Path::new("x.rs"), source).len();
    assert_eq!(of("queue", "use crate::sync::EventCount; use crate::{time::Clock, primitive::Arc};"), 0);
    assert_eq!(of("queue", "use crate::cache::Cache;"), 1);
    assert_eq!(of("queue", "use crate::{sync::{A, B}, io::C, pool};"), 2);
    assert_eq!(of("queue", "fn f() { crate::batch::go() }"), 1);
    assert_eq!(of("queue", "// crate::cache::Cache\nlet s = \"crate::io\"; other_crate::io::x()"), 0);
    assert_eq!(of("queue", "use rustix::fd::AsFd;"), 1);
    assert_eq!(of("queue", "unsafe { ::libc::getpid() }"), 1);
    assert_eq!(of("sys", "use rustix::fd::AsFd; use crate::primitive::Mutex;"), 1);
    assert_eq!(of("attic", ""), 1);
}
