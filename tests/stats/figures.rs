use bedplate::stats::{Figure, Figures};

struct Mine {
    hits: u64,
    len: usize,
}

impl Figures for Mine {
    fn figures(&self, visit: &mut dyn FnMut(&'static str, Figure)) {
        visit("hits", Figure::Count(self.hits));
        visit("len", Figure::Level(self.len as f64));
    }
}

#[test]
fn figures_are_told_through_references_and_boxes_of_any_kind() {
    let told = |figures: &dyn Figures| {
        let mut told = Vec::new();
        figures.figures(&mut |name, figure| told.push((name, figure)));
        told
    };
    let mine = Mine { hits: 3, len: 2 };
    let expected = [("hits", Figure::Count(3)), ("len", Figure::Level(2.0))];
    assert_eq!(told(&mine), expected);
    assert_eq!(told(&&mine), expected);
    assert_eq!(told(&*Box::new(mine) as &dyn Figures), expected);
}

#[cfg(feature = "cache")]
#[test]
fn a_figure_is_what_its_field_says() {
    use std::time::Duration;

    let mut stats = bedplate::cache::Stats::default();
    (stats.hits, stats.misses, stats.len, stats.capacity) = (11, 12, 13, usize::MAX);
    stats.load_time = Duration::from_millis(14);
    let mut seen = 0;
    stats.figures(&mut |name, figure| {
        let expected = match name {
            "hits" => Figure::Count(11),
            "misses" => Figure::Count(12),
            "len" => Figure::Level(13.0),
            "capacity" => Figure::Level(usize::MAX as f64),
            "load_time" => Figure::Time(Duration::from_millis(14)),
            "weight" => Figure::Level(0.0),
            _ => Figure::Count(0),
        };
        assert_eq!(figure, expected, "{name}");
        seen += 1;
    });
    assert_eq!(seen, 13);
}

#[cfg(feature = "queue")]
#[test]
fn a_flag_is_a_level_of_one_or_zero() {
    let closed = |queue: &bedplate::queue::Bounded<u8>| {
        let mut closed = None;
        queue.stats().figures(&mut |name, figure| closed = if name == "closed" { Some(figure) } else { closed });
        closed
    };
    let queue = bedplate::queue::Bounded::new(2);
    assert_eq!(closed(&queue), Some(Figure::Level(0.0)));
    queue.close();
    assert_eq!(closed(&queue), Some(Figure::Level(1.0)));
}

/// `docs/stats.md` against the structs, and these against the source.
#[cfg(all(feature = "default", target_os = "linux"))]
mod page {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Debug;
    use std::fs;
    use std::path::Path;

    use super::{Figure, Figures};

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kind {
        Count,
        Time,
        Level,
    }

    type Row = BTreeMap<String, Kind>;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// What a struct tells. Its fields, as `Debug` prints them, are told once each, and nothing else is.
    fn told<T: Default + Debug + Figures>(name: &str) -> (String, Row) {
        let stats = T::default();
        let mut told = Row::new();
        stats.figures(&mut |figure, value| {
            let kind = match value {
                Figure::Count(_) => Kind::Count,
                Figure::Time(_) => Kind::Time,
                Figure::Level(_) => Kind::Level,
                other => panic!("{other:?} has no column"),
            };
            assert_eq!(told.insert(figure.to_owned(), kind), None, "{name}: `{figure}` is told twice");
        });
        let printed = format!("{stats:#?}");
        let fields: BTreeSet<_> =
            printed.lines().filter_map(|line| line.trim().split_once(": ")).map(|f| f.0).collect();
        assert_eq!(told.keys().map(String::as_str).collect::<BTreeSet<_>>(), fields, "{name}");
        (name.to_owned(), told)
    }

    macro_rules! all_told {
        ($($($path:ident)::+),+ $(,)?) => {
            BTreeMap::from([$(told::<bedplate::$($path)::+>(stringify!($($path)::+))),+])
        };
    }

    /// The structs of features that are not on; the table and the source have them always.
    const ABSENT: &[&str] = &[
        #[cfg(not(feature = "io-uring"))]
        "io::UringStats",
    ];

    fn all() -> BTreeMap<String, Row> {
        #[allow(unused_mut)] // Where no further feature is on.
        let mut all: BTreeMap<String, Row> = all_told![
            batch::BatcherStats,
            batch::CoalescerStats,
            batch::signals::SignalStats,
            cache::Stats,
            channel::Stats,
            io::FileStats,
            io::LogStats,
            io::ReaderStats,
            io::WriterStats,
            pool::BlockStats,
            pool::Stats,
            queue::OverwritingStats,
            queue::Stats,
            queue::broadcast::ReceiverStats,
            queue::broadcast::Stats,
        ];
        #[cfg(feature = "io-uring")]
        all.extend(all_told![io::UringStats]);
        all.into_iter().map(|(name, row)| (name.replace(' ', ""), row)).collect()
    }

    /// The names in backquotes of cells like "`a`, `b`: items; `c`: nanoseconds", with the unit of each.
    fn names(cell: &str) -> impl Iterator<Item = (&str, &str)> {
        cell.split(';').flat_map(|group| {
            let (names, unit) = group.split_once(": ").unwrap_or((group, ""));
            let names = names.split('`').skip(1).step_by(2);
            names.map(move |name| (name, unit.trim()))
        })
    }

    fn table(page: &str) -> BTreeMap<String, Row> {
        let section = page.split("## All of them").nth(1).expect("docs/stats.md has the section");
        let rows = section.lines().skip_while(|l| !l.starts_with('|')).take_while(|l| l.starts_with('|')).skip(2);
        let mut table = BTreeMap::new();
        for line in rows {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let ["", _, name, counts, levels, cost, ""] = cells[..] else { panic!("not five cells: {line}") };
            assert!(!cost.is_empty(), "it costs something: {line}");
            let counts = names(counts)
                .map(|(name, unit)| (name, unit, if unit == "nanoseconds" { Kind::Time } else { Kind::Count }));
            let levels = names(levels).map(|(name, unit)| (name, unit, Kind::Level));
            let mut row = Row::new();
            for (figure, unit, kind) in counts.chain(levels) {
                assert!(!unit.is_empty(), "`{figure}` has no unit: {line}");
                assert_eq!(row.insert(figure.to_owned(), kind), None, "`{figure}` is there twice: {line}");
            }
            let name = name.trim_matches('`').to_owned();
            assert!(table.insert(name, row).is_none(), "it has two rows: {line}");
        }
        table
    }

    #[test]
    fn the_table_has_each_figure_of_each_struct_and_no_other() {
        let page = fs::read_to_string(root().join("docs/stats.md")).expect("docs/stats.md can be read");
        let (table, told) = (table(&page), all());
        for (name, row) in &told {
            assert_eq!(table.get(name), Some(row), "the row of {name}: left the table, right the struct");
        }
        for name in table.keys().filter(|name| !ABSENT.contains(&name.as_str())) {
            assert!(told.contains_key(name), "{name} is in the table; is it in the list of this test?");
        }
    }

    /// Names of the public structs of a source that end in `Stats`.
    fn structs(source: &str) -> impl Iterator<Item = &str> {
        let lines = source.lines().filter_map(|line| line.trim_start().strip_prefix("pub struct "));
        let names = lines.map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default());
        names.filter(|name| name.ends_with("Stats"))
    }

    fn visit(folder: &Path, each: &mut impl FnMut(&Path)) {
        for entry in fs::read_dir(folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                visit(&path, each);
            } else if path.extension().is_some_and(|e| e == "rs") {
                each(&path);
            }
        }
    }

    #[test]
    fn every_struct_of_the_source_is_in_the_list_above() {
        let mut found = Vec::new();
        visit(&root().join("src"), &mut |path| {
            let source = fs::read_to_string(path).expect("a source can be read");
            found.extend(structs(&source).map(|name| format!("{}: {name}", path.display())));
        });
        let mut names: Vec<_> = found.iter().filter_map(|f| f.rsplit(' ').next()).map(str::to_owned).collect();
        let told = all();
        let listed = told.keys().map(String::as_str).chain(ABSENT.iter().copied());
        let mut listed: Vec<_> = listed.filter_map(|name| name.rsplit(':').next()).map(str::to_owned).collect();
        names.sort();
        listed.sort();
        assert_eq!(names, listed, "left the source, right this test:\n{}", found.join("\n"));
    }

    #[test]
    fn cells_and_structs_are_read_as_they_are_meant() {
        let cell = "`a`, `b`: items; `c`: nanoseconds, roughly; `d`";
        let read: Vec<_> = names(cell).collect();
        assert_eq!(read, [("a", "items"), ("b", "items"), ("c", "nanoseconds, roughly"), ("d", "")]);
        let source = "pub struct Stats {\npub(crate) struct OwnStats;\npub struct AStats(u8);\npub struct Statistics {";
        assert_eq!(structs(source).collect::<Vec<_>>(), ["Stats", "AStats"]);
    }
}
