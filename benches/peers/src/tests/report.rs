use crate::harness::{Better, LeftOut, Outcome, Row, RowId};
use crate::machine::Machine;
use crate::report::{Report, html, json, table};
use serde_json::Value;

fn report() -> Report {
    let row = |suite, row, ours: f64, peer, theirs: f64| {
        let what =
            RowId { suite, row, threads: 2, unit: "ns/op", better: Better::Lower, detail: "u64; verified: <sum>" };
        Row::new(what, &[ours, ours], peer, &[theirs, theirs * 2.0])
    };
    let rows = vec![
        row("queue", "pair 1t", 10.0, "Mutex<VecDeque>", 20.0),
        row("queue", "pair 1t", 10.0, "other", 5.0),
        row("pool", "object 1t", 2.0, "other", 4000.0),
    ];
    let left_out = vec![LeftOut { suite: "io".into(), what: "seqread".into(), why: "a & b".into() }];
    let crate::args::Command::Run(options) =
        crate::args::parse(lexopt::Parser::from_args(["queue", "pool", "--quick"])).expect("right arguments")
    else {
        panic!("a run")
    };
    Report::new(Machine::read(), &options, Outcome { rows, left_out })
}

#[test]
fn json_has_the_keys_that_readers_rely_on() {
    let value: Value = serde_json::from_str(&json::render(&report())).expect("JSON");
    for key in ["machine", "kernel", "rustc", "commit", "date", "rows"] {
        assert!(!value[key].is_null(), "{key} is missing");
    }
    assert_eq!(value["quick"], true);
    let row = &value["rows"][0];
    let keys =
        ["suite", "row", "threads", "unit", "better", "ours", "peer", "theirs", "ratio", "ratio_min", "ratio_max"];
    assert!(keys.iter().all(|&key| !row[key].is_null()), "{row}");
    assert_eq!((&row["better"], row["ratio"].as_f64()), (&Value::from("lower"), Some(3.0)));
}

#[test]
fn the_table_and_the_page_say_quick_and_what_was_left_out() {
    let report = report();
    let (table, page) = (table::render(&report), html::render(&report));
    for text in [&table, &page] {
        assert!(text.to_lowercase().contains("quick run"));
        assert!(text.contains("seqread") && text.contains("object 1t"));
    }
}

#[test]
fn the_page_is_well_formed_and_loads_nothing() {
    let page = html::render(&report());
    let mut open = Vec::new();
    for tag in page.split('<').skip(1).map(|rest| rest.split('>').next().expect("a tag ends")) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        match tag {
            tag if tag.starts_with('!') || tag.ends_with('/') => {}
            tag if tag.starts_with('/') => assert_eq!(open.pop(), Some(name), "at <{tag}>"),
            _ => open.push(name),
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert!(page.contains("Mutex&lt;VecDeque&gt;") && !page.contains("Mutex<VecDeque>"));
    assert!(!page.contains("http") && !page.contains("src=") && !page.contains("url("));
}
