use std::fs;

use concord_core::{Column, Labels};
use concord_io::{Additions, annotate_h5ad};

use super::{Folder, has_texts, stderr, texts};
use crate::{annotated_file, demo_file, fixture, json_of};

#[test]
fn categories_numbers_and_genes_in_all_formats() {
    let folder = Folder::new();
    let mut command = Folder::plot("embedding", &annotated_file());
    for name in ["figure.png", "figure.SVG", "figure.pdf"] {
        command.arg("-o").arg(folder.path(name));
    }
    let json = json_of(command.args(["--color", "bulk_labels,n_counts", "--color", "CD3D", "--dpi", "60"]));
    assert_eq!(json["color"], serde_json::json!(["bulk_labels", "n_counts", "CD3D"]));
    assert_eq!((&json["basis"], json["files"].as_array().unwrap().len()), (&"Concord_UMAP".into(), 3));
    assert!(fs::read(folder.path("figure.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(fs::read(folder.path("figure.pdf")).unwrap().starts_with(b"%PDF"));
    let svg = fs::read_to_string(folder.path("figure.SVG")).unwrap();
    has_texts(&svg, &["bulk_labels", "CD14+ Monocyte", "n_counts", "CD3D", "expression", "UMAP1"]);
}

#[test]
fn options_of_the_look() {
    let folder = Folder::new();
    let draw = |more: &[&str]| folder.svg("embedding", &annotated_file(), &[&["--color", "phase"], more].concat());
    assert!(!texts(&draw(&["--legend", "none"])).contains(&"G2M".to_owned()));
    has_texts(&draw(&["--legend", "on-data", "--title", "<b> & \"phase\""]), &["G2M", "<b> & \"phase\""]);
    has_texts(&draw(&["--basis", "Concord"]), &["Concord 1"]);
    for other in
        [&["--palette", "okabe-ito"][..], &["--point-size", "9"], &["--panel-width", "90"], &["--columns", "1"]]
    {
        let changed = draw(&[&["--color", "louvain"], other].concat()) != draw(&["--color", "louvain"]);
        assert!(changed, "{other:?} changes nothing");
    }
    let quantile = |q| folder.svg("embedding", &annotated_file(), &["--color", "n_counts", "--vmax-quantile", q]);
    assert_ne!(quantile("0.5"), quantile("1"));
    assert!(texts(&folder.svg("embedding", &demo_file(), &[])).contains(&"UMAP1".to_owned()), "without colours");
}

#[test]
fn says_where_values_and_places_come_from() {
    let text = stderr("embedding", &annotated_file(), &["--color", "CD3D"]);
    assert!(text.contains("drawn on Concord_UMAP; --basis takes another: X_umap"), "{text}");
    assert!(text.contains("X holds counts: normalised to the median total and logged"), "{text}");
    let text = stderr("embedding", &annotated_file(), &["--color", "phase", "--basis", "Concord"]);
    assert!(text.contains("Concord has 100 dimensions: the first two are drawn"), "{text}");
    assert!(!text.contains("logged"), "{text}");
}

#[test]
fn colours_of_the_file_go_before() {
    let svg = Folder::new().svg("embedding", &fixture("sources.h5ad"), &["--color", "type", "--basis", "X_umap"]);
    assert!(svg.contains("#ff7f0e"), "uns/type_colors is not used");
}

#[test]
fn columns_with_strange_names() {
    let folder = Folder::new();
    let input = folder.path("strange.h5ad");
    let names = ["a,b", "<i>x & 'y'"];
    let labels = |name: &str| (name.to_owned(), Column::Labels(Labels::single(700, "../\"one\" <two>")));
    let obs = names.map(labels).to_vec();
    annotate_h5ad(demo_file(), &input, &Additions { obs, ..Additions::default() }).unwrap();
    for name in names {
        has_texts(&folder.svg("embedding", &input, &["--color", name]), &[name, "../\"one\" <two>"]);
    }
}

#[test]
fn mistakes_are_answered_with_what_there_is() {
    let folder = Folder::new();
    let refuses = |arguments: &[&str], expected: &[&str]| {
        folder.refuses("embedding", &annotated_file(), arguments, expected);
    };
    refuses(&["--color", "bulk_label"], &["--color bulk_label", "nearest columns are: bulk_labels, "]);
    refuses(&["--color", "phase,cd3d"], &["--color cd3d", "nearest genes are: CD3D, "]);
    refuses(&["--basis", "Concord_Umap"], &["--basis Concord_Umap", "there are: Concord_UMAP, "]);
    refuses(&["--color", "phase", "--title", "a", "--title", "b"], &["2 titles for 1 panels"]);
    refuses(&["--vmax-quantile", "0", "--color", "n_counts"], &["--vmax-quantile 0 is out of range"]);
    refuses(&["--point-size=-1"], &["--point-size -1 is out of range"]);
    refuses(&["--dpi", "5"], &["from 10 to 2400"]);
    refuses(&["--dpi", "2400", "--panel-width", "2000"], &["lower the resolution"]);
    refuses(&["--layer", "counts", "--color", "CD3D"], &["no layer 'counts'"]);
    refuses(&["-o", "figure.jpeg"], &["figure.jpeg", ".png, .svg or .pdf"]);
    refuses(&["-o", "none/figure.png"], &["there is no folder none"]);
    folder.refuses("embedding", &fixture("columns.h5ad"), &[], &["has no UMAP in obsm", "concord umap"]);
    folder.refuses("embedding", &fixture("sources.h5ad"), &["--color", "g0"], &["--color g0"]);
}
