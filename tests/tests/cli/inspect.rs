use crate::{concord, demo_file};

#[test]
fn says_what_is_in_a_file() {
    let output = concord(&["inspect"]).arg(demo_file()).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for expected in ["700 cells x 765 genes", "counts, largest 259", "bulk_labels", "CD14+ Monocyte (129)", "X_umap"] {
        assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
    }
}

#[test]
fn speaks_json() {
    let output = concord(&["inspect", "--json"]).arg(demo_file()).assert().success();
    let json: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(json["n_cells"], 700);
    assert_eq!(json["matrices"][0]["state"], "counts");
    let columns: Vec<&str> = json["obs"].as_array().unwrap().iter().filter_map(|c| c["name"].as_str()).collect();
    assert!(columns.contains(&"bulk_labels"), "{columns:?}");
}
