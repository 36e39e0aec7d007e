use super::{Folder, has_texts, stderr, texts};
use crate::{annotated_file, demo_file};

#[test]
fn a_sample_of_cells_with_trees_and_bars() {
    let folder = Folder::new();
    let draw = |more: &[&str]| {
        let base = ["--n-cells", "60", "--by", "bulk_labels", "--by", "phase"];
        folder.svg("heatmap", &annotated_file(), &[&base[..], more].concat())
    };
    let figure = draw(&[]);
    has_texts(&figure, &["60 cells", "100 neurons", "bulk_labels", "phase", "Dendritic", "G2M", "Concord"]);
    assert_eq!(figure, draw(&[]), "the same cells every time");
    has_texts(&draw(&["--title", "<i> & \"code\""]), &["<i> & \"code\""]);
    let others: [&[&str]; 8] = [
        &["--seed", "1"],
        &["--transpose"],
        &["--cluster", "cells"],
        &["--cluster", "neurons"],
        &["--cluster", "none"],
        &["--cells-length", "100"],
        &["--neurons-length", "100"],
        &["--vmax-quantile", "0.5"],
    ];
    let mut drawings = vec![figure];
    for other in others {
        let drawing = draw(other);
        assert!(!drawings.contains(&drawing), "{other:?} changes nothing");
        drawings.push(drawing);
    }
    let said = stderr("heatmap", &annotated_file(), &["--n-cells", "60"]);
    assert!(said.contains("60 of 700 cells are drawn, taken at random"), "{said}");
}

#[test]
fn few_cells_and_other_matrices() {
    let folder = Folder::new();
    has_texts(&folder.svg("heatmap", &annotated_file(), &["--n-cells", "1"]), &["1 cells"]);
    let svg = folder.svg("heatmap", &demo_file(), &["--basis", "X_umap", "--cluster", "none"]);
    assert!(texts(&svg).contains(&"700 cells".to_owned()));
}

#[test]
fn mistakes_are_answered_with_what_there_is() {
    let folder = Folder::new();
    let refuses =
        |arguments: &[&str], expected: &[&str]| folder.refuses("heatmap", &annotated_file(), arguments, expected);
    refuses(&["--basis", "concord"], &["--basis concord", "there are: Concord, "]);
    refuses(&["--by", "bulk"], &["--by bulk: no such column; there are: bulk_labels, "]);
    refuses(&["--by", "S_score"], &["--by S_score", "not categories"]);
    refuses(&["--n-cells", "0"], &["0 is not in 1..=20000"]);
    refuses(&["--cells-length", "1"], &["--cells-length", "from 20 to 5000"]);
    folder.refuses("heatmap", &demo_file(), &[], &["--basis Concord", "there are: X_umap"]);
}
