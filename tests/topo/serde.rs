use bedplate::topo::{CpuSet, NodeSet};

/// As people write it in a configuration.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Settings {
    workers: CpuSet,
    memory: NodeSet,
}

#[test]
fn sets_are_text() {
    let settings = Settings { workers: CpuSet::from([0, 1, 2, 3, 8, 200]), memory: NodeSet::new() };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(text, r#"{"workers":"0-3,8,200","memory":""}"#);
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    // A text with an escape is owned by the reader, not borrowed from what it reads.
    assert_eq!(serde_json::from_str::<CpuSet>(r#""0-31:1\/16""#).unwrap(), CpuSet::from([0, 16]));
    assert_eq!(serde_json::from_value::<NodeSet>("1-2".into()).unwrap(), NodeSet::from([1, 2]));
}

#[test]
fn what_is_no_set_is_told() {
    let told = |text: &str| serde_json::from_str::<CpuSet>(text).unwrap_err().to_string();
    assert_eq!(told(r#""0-3,x""#), "`x` at byte 4 is not a number at line 1 column 7");
    assert_eq!(
        told("[0, 1]"),
        "invalid type: sequence, expected a list of numbers and ranges such as \"0-3,8\" at line 1 column 0"
    );
    assert!(told("3").starts_with("invalid type: integer `3`"));
}
