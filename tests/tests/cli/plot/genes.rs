use std::fs;

use super::{Folder, has_texts, texts};
use crate::{annotated_file, json_of};

/// A table as `concord attribute` writes it, not in the order of its ranks.
const TABLE: &str = "\
context,target,rank,gene,importance,mean_expression,nonzero_fraction,difference
\"T, \"\"naive\"\" <i>\",neuron 5,2,CD3E,0.5,1,1,0.5
\"T, \"\"naive\"\" <i>\",neuron 5,1,CD3D,0.9,1,1,0.5
\"T, \"\"naive\"\" <i>\",neuron 5,3,LCK,0.1,1,1,0.5
B/../cells,neuron 1,1,CD79A,0.9,1,1,0.5
";

#[test]
fn the_first_genes_of_a_table() {
    let folder = Folder::new();
    let table = folder.path("ranked.csv");
    fs::write(&table, TABLE).unwrap();
    let table = table.to_str().unwrap();
    let draw = |more: &[&str]| folder.svg("genes", &annotated_file(), &[&["--table", table], more].concat());
    let t_cells = ["--context", "T, \"naive\" <i>", "--target", "neuron 5"];
    assert_eq!(texts(&draw(&[&t_cells[..], &["--top", "2"]].concat())), ["CD3D", "CD3E"]);
    assert_eq!(texts(&draw(&["--target", "neuron 1"])), ["CD79A"]);
}

#[test]
fn chosen_genes_on_chosen_cells() {
    let folder = Folder::new();
    let genes = ["--genes", "LYZ, CD3D,LYZ"];
    let json = |more: &[&str]| {
        let mut command = Folder::plot("genes", &annotated_file());
        json_of(command.args(genes).args(more).arg("-o").arg(folder.path("strip.png")))
    };
    let all = json(&[]);
    assert_eq!((&all["genes"], &all["n_cells"]), (&serde_json::json!(["LYZ", "CD3D"]), &700.into()));
    let only = ["--by", "bulk_labels", "--only", "Dendritic", "--only", "CD34+"];
    assert_eq!(json(&only)["n_cells"], 253);

    let svg = |more: &[&str]| folder.svg("genes", &annotated_file(), &[&genes[..], more].concat());
    let drawings = [
        svg(&[]),
        svg(&only),
        svg(&[&only[..], &["--others"]].concat()),
        svg(&["--columns", "1"]),
        svg(&["--panel-width", "100"]),
        svg(&["--point-size", "9"]),
        svg(&["--vmax-quantile", "0.5"]),
    ];
    for (place, drawing) in drawings.iter().enumerate() {
        assert!(!drawings[..place].contains(drawing), "drawing {place} is the same as one before");
    }
    has_texts(&svg(&["--bars"]), &["LYZ", "CD3D", "0"]);
}

#[test]
fn mistakes_are_answered_with_what_there_is() {
    let folder = Folder::new();
    let table = folder.path("ranked.csv");
    fs::write(&table, TABLE).unwrap();
    let table = table.to_str().unwrap();
    let refuses =
        |arguments: &[&str], expected: &[&str]| folder.refuses("genes", &annotated_file(), arguments, expected);
    refuses(&["--genes", "CD3D,Lyzz"], &["--genes Lyzz: no such gene in X", "the nearest genes are: LYZ, "]);
    refuses(&["--genes", ","], &["no gene is named"]);
    refuses(&[], &["required arguments were not provided"]);
    refuses(&["--genes", "LYZ", "--table", table], &["cannot be used with"]);
    refuses(&["--table", table], &["2 lists of context and target", "'B/../cells' with 'neuron 1'"]);
    refuses(&["--table", table, "--context", "B cells"], &["--context B cells: not in the table", "'B/../cells'"]);
    refuses(
        &["--table", table, "--context", "B/../cells", "--target", "neuron 5"],
        &["--target neuron 5: not in context B/../cells, which has: 'neuron 1'"],
    );
    refuses(
        &["--genes", "LYZ", "--by", "bulk_labels", "--only", "dendritic"],
        &["--only dendritic", "there are: Dendritic"],
    );
    refuses(&["--genes", "LYZ", "--by", "label", "--only", "x"], &["--by label: no such column"]);
    refuses(&["--genes", "LYZ", "--only", "x"], &["required arguments were not provided"]);

    let other = folder.path("other.csv");
    let with = |content: &str, expected: &[&str]| {
        fs::write(&other, content).unwrap();
        refuses(&["--table", other.to_str().unwrap()], expected);
    };
    with("gene,score\nLYZ,1\n", &["other.csv: has no column 'context'", "`concord attribute`", "gene, score"]);
    with("", &["has no column 'context'"]);
    let header = TABLE.lines().next().unwrap();
    with(&format!("{header}\n"), &["the table has no rows"]);
    with(&format!("{header}\na,b,first,LYZ,1,1,1,0\n"), &["line 2: column 'rank'"]);
    with(
        &format!("{header}\na,b,1,LYZ,1,1,1,0\na,b,c,2,CD3D,1,1,1,0\n"),
        &["line 3: it has 9 fields, the header has 8"],
    );
    with(&format!("{header}\na,b,1,LYZ1,1,1,1,0\n"), &["--table LYZ1: no such gene"]);
}

#[test]
fn a_strip_for_every_list() {
    let folder = Folder::new();
    let table = folder.path("ranked.csv");
    let rows = "Dendritic,neuron 1,1,LYZ,0.9,1,1,1\nDendritic,neuron 2,1,CST3,0.9,1,1,1\n\
                CD34+,neuron 1,1,CD79A,0.9,1,1,1\nCD19+ B,neuron 1,1,CD79A,0.9,1,1,1\n";
    fs::write(&table, format!("{}\n{rows}", TABLE.lines().next().unwrap())).unwrap();
    let draw = |name: &str| {
        let mut command = Folder::plot("genes", &annotated_file());
        command.arg("--table").arg(&table).args(["--context", "Dendritic", "--context", "CD34+"]);
        command.args(["--by", "bulk_labels", "--only", "{context}", "-o"]).arg(folder.path(name));
        command
    };
    let json = json_of(&mut draw("{context} {target}.svg"));
    let strips = json["strips"].as_array().unwrap();
    let about: Vec<_> = strips.iter().map(|strip| (&strip["context"], &strip["target"], &strip["n_cells"])).collect();
    let expected = [("Dendritic", "neuron 1", 240), ("Dendritic", "neuron 2", 240), ("CD34+", "neuron 1", 13)];
    assert_eq!(about.len(), expected.len());
    for ((context, target, n_cells), expected) in about.into_iter().zip(expected) {
        assert_eq!(
            (context.as_str(), target.as_str(), n_cells),
            (Some(expected.0), Some(expected.1), &expected.2.into())
        );
    }
    for (name, gene) in
        [("Dendritic neuron_1.svg", "LYZ"), ("Dendritic neuron_2.svg", "CST3"), ("CD34_ neuron_1.svg", "CD79A")]
    {
        assert_eq!(texts(&fs::read_to_string(folder.path(name)).unwrap()), [gene]);
    }
    assert_eq!(json["files"].as_array().unwrap().len(), 3);
    crate::fails(&mut draw("{target}.svg"), &["several lists would be written to ", "put {context} and {target}"]);
    crate::fails(&mut draw("{context}/{target}.svg"), &["not in that of its folder"]);
    let mut second = draw("{context} {target}.svg");
    crate::fails(second.args(["--target", "neuron 2"]), &["--target neuron 2: not in context CD34+", "'neuron 1'"]);
    let mut umap = Folder::plot("embedding", &annotated_file());
    crate::fails(umap.arg("-o").arg(folder.path("{context}.svg")), &["are for the lists of `plot genes --table`"]);
    let mut named = Folder::plot("genes", &annotated_file());
    named.args(["--genes", "LYZ", "-o"]).arg(folder.path("{target}.svg"));
    crate::fails(&mut named, &["leave {context} and {target} out of -o"]);
}

#[test]
fn names_that_look_alike_in_a_file_name_are_told_apart() {
    let folder = Folder::new();
    let table = folder.path("ranked.csv");
    let rows = "T/NK,neuron 1,1,LYZ,0.9,1,1,1\nT NK,neuron 1,1,CST3,0.9,1,1,1\nt nk,neuron 1,1,CD79A,0.9,1,1,1\n";
    fs::write(&table, format!("{}\n{rows}", TABLE.lines().next().unwrap())).unwrap();
    let mut command = Folder::plot("genes", &annotated_file());
    command.arg("--table").arg(&table).arg("-o").arg(folder.path("{context} {target}.svg")).assert().success();
    for (name, gene) in [("T_NK", "LYZ"), ("T_NK_2", "CST3"), ("t_nk_3", "CD79A")] {
        assert_eq!(texts(&fs::read_to_string(folder.path(&format!("{name} neuron_1.svg"))).unwrap()), [gene]);
    }
}
