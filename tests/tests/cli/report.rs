//! `report.html`, of a run and of `concord report`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use concord_core::{Column, Labels};
use concord_io::{Additions, annotate_h5ad};
use tempfile::TempDir;

use crate::{annotated_file, concord, demo_file, demo_run, fails, fixture, hostile_names, json_of, stderr_of};

/// A folder for pages.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `concord report INPUT ARGUMENTS -o report.html`.
    fn report(&self, input: &Path, arguments: &[&str]) -> Command {
        let mut command = concord(&["report"]);
        command.arg(input).args(arguments).arg("-o").arg(self.path("report.html"));
        command
    }

    /// The same with lists of the short run, which may have been changed.
    fn with_tables(&self, by: &str, change: impl Fn(String) -> String) -> Command {
        let mut command = self.report(&annotated_file(), &["--by", by]);
        for (option, name) in [("--ranked", "ranked_genes.csv"), ("--trust", "trust.csv")] {
            let text = fs::read_to_string(demo_run().join(name)).unwrap();
            fs::write(self.path(name), change(text)).unwrap();
            command.arg(option).arg(self.path(name));
        }
        command
    }

    fn page(&self) -> String {
        fs::read_to_string(self.path("report.html")).unwrap()
    }

    /// A mistake of a user, after which there is no page.
    fn refuses(&self, command: &mut Command, expected: &[&str]) {
        fails(command, expected);
        assert!(!self.path("report.html").exists(), "a page was written");
    }
}

/// Everything between `before` and `after`, wherever it occurs.
fn between<'a>(page: &'a str, before: &'a str, after: &'a str) -> Vec<&'a str> {
    page.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(found, _)| found).collect()
}

/// Names of the contexts, as they stand in the page.
fn contexts(page: &str) -> Vec<&str> {
    between(page, "<h2 id=\"context-", "</h2>").into_iter().filter_map(|title| Some(title.split_once('>')?.1)).collect()
}

/// Tables and the data of the cells, as the page's program finds them.
fn data(page: &str) -> Vec<serde_json::Value> {
    let mut parts = between(page, "<script type=\"application/json\">", "</script>");
    parts.extend(between(page, "<script type=\"application/json\" id=\"data\">", "</script>"));
    parts.into_iter().map(|part| serde_json::from_str(part).unwrap()).collect()
}

/// The values of a column of a table.
fn column<'a>(table: &'a serde_json::Value, name: &str) -> &'a Vec<serde_json::Value> {
    let columns = table["columns"].as_array().unwrap();
    columns.iter().find(|column| column["name"] == name).unwrap()["values"].as_array().unwrap()
}

/// Nothing of a page comes from elsewhere.
fn is_self_contained(page: &str) {
    for attribute in ["src=\"", "href=\""] {
        for target in between(page, attribute, "\"") {
            assert!(target.starts_with("data:") || target.starts_with('#'), "{attribute}{}", &target[..40]);
        }
    }
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
}

#[test]
fn a_run_writes_a_page_with_all_its_contexts() {
    let page = fs::read_to_string(demo_run().join("report.html")).unwrap();
    is_self_contained(&page);
    let names = contexts(&page);
    assert_eq!((names.len(), names[0], names[9]), (10, "CD4+/CD25 T Reg", "Dendritic"));
    let data = data(&page);
    // The trust table, three lists for each context, and the cells.
    assert_eq!(data.len(), 1 + 30 + 1);
    assert_eq!(data[0]["n_rows"], 120);
    let ranked = crate::rows(&demo_run().join("ranked_genes.csv"));
    let genes = column(&data[1], "Gene");
    for (row, gene) in ranked.iter().zip(genes) {
        assert_eq!(*gene, row["gene"]);
    }
    assert_eq!(data[31]["n_cells"], 700);
    assert!(page.contains("2000 genes were asked for"), "the warnings of the run are not told");
}

#[test]
fn files_give_the_page_of_the_run_again() {
    let folder = Folder::new();
    let json = json_of(&mut folder.with_tables("bulk_labels", |text| text));
    assert_eq!(json["n_cells"], 700);
    let (ours, page) = (folder.page(), fs::read_to_string(demo_run().join("report.html")).unwrap());
    is_self_contained(&ours);
    assert_eq!(contexts(&ours), contexts(&page));
    let n_tables = 1 + 30;
    assert_eq!(data(&ours)[..n_tables], data(&page)[..n_tables]);
}

#[test]
fn a_page_without_lists() {
    let folder = Folder::new();
    folder.report(&annotated_file(), &["--title", "My <b>cells</b> & more", "--label", "phase"]).assert().success();
    let page = folder.page();
    assert!(page.contains("<h1>My &lt;b&gt;cells&lt;/b&gt; &amp; more"));
    assert!(contexts(&page).is_empty());
    assert_eq!(data(&page).len(), 1);
}

#[test]
fn terms_of_enrichment_are_shown() {
    let folder = Folder::new();
    let gmt = folder.path("sets.gmt");
    fs::write(&gmt, "B <cells>\t\tCD79A\tCD79B\tMS4A1\tCD74\tHLA-DRA\nT cells\t\tCD3D\tCD3E\tIL32\tLTB\tCD7\n")
        .unwrap();
    let enriched = folder.path("enrichment.csv");
    let mut enrich = concord(&["enrich", "--ora-min-size", "2"]);
    enrich.arg(demo_run().join("ranked_genes.csv")).arg("--model").arg(demo_run().join("model"));
    enrich.arg("--gmt").arg(&gmt).arg("-o").arg(&enriched).assert().success();
    folder.with_tables("bulk_labels", |text| text).arg("--enriched").arg(&enriched).assert().success();
    let tables = data(&folder.page());
    let terms = tables.iter().filter(|table| table["columns"][0]["name"] == "Term").count();
    assert_eq!(terms, 30, "a table of terms for each list");
    assert!(!folder.page().contains("B <cells>"));
}

#[test]
fn gives_the_same_bytes_for_any_number_of_threads() {
    let folder = Folder::new();
    let mut pages = BTreeMap::new();
    for n_threads in ["1", "3", "3"] {
        folder.with_tables("bulk_labels", |text| text).args(["--threads", n_threads]).assert().success();
        *pages.entry(folder.page()).or_insert(0) += 1;
    }
    assert_eq!(pages.into_values().collect::<Vec<_>>(), [3]);
}

#[test]
fn names_never_become_markup() {
    let folder = Folder::new();
    let input = folder.path("in.h5ad");
    let names = hostile_names();
    let labels: Vec<&str> = (0..700).map(|cell| names[cell % names.len()].as_str()).collect();
    let column = || Column::Labels(Labels::from_texts(&labels));
    let obs = vec![("<img src=x onerror=alert(2)>".to_owned(), column()), ("group".to_owned(), column())];
    annotate_h5ad(demo_file(), &input, &Additions { obs, ..Additions::default() }).unwrap();
    let mut run = concord(&["run", "--by", "group", "--label", "group", "--label", "<img src=x onerror=alert(2)>"]);
    run.args(["--top-neurons", "1", "--epochs", "1", "--umap-n-epochs", "5"]).arg(&input);
    run.arg("-o").arg(folder.path("run")).assert().success();
    let mut report =
        folder.report(&folder.path("run/annotated.h5ad"), &["--by", "group", "--title", "</title><script>"]);
    for (option, name) in [("--ranked", "ranked_genes.csv"), ("--trust", "trust.csv")] {
        report.arg(option).arg(folder.path("run").join(name));
    }
    report.assert().success();
    for page in [fs::read_to_string(folder.path("run/report.html")).unwrap(), folder.page()] {
        is_self_contained(&page);
        assert_eq!(contexts(&page).len(), names.len());
        let data = data(&page);
        assert_eq!(data.len(), 1 + 2 * names.len() + 1);
        let scripts = page.matches("<script").count();
        // One more is the program itself; within data `<` stands as an escape.
        assert_eq!(scripts, data.len() + 1, "a name opened a script");
        assert_eq!(page.matches("</script").count(), scripts);
        assert!(!page.contains("<img src=x") && !page.contains("</title><script>"));
    }
    let written = fs::read_dir(folder.0.path()).unwrap().count();
    assert_eq!(written, 3, "something was written outside of the folder");
}

#[test]
fn pictures_and_latent_codes_that_are_not_there() {
    let folder = Folder::new();
    let refuses = |input: &Path, arguments: &[&str], expected: &[&str]| {
        folder.refuses(&mut folder.report(input, arguments), expected);
    };
    refuses(&demo_file(), &[], &["--basis Concord", "there are: X_umap"]);
    refuses(&annotated_file(), &["--picture", "umap"], &["--picture umap", "there are: "]);
    refuses(&annotated_file(), &["--picture", "Concord"], &["--picture Concord: two or three dimensions"]);
    refuses(&annotated_file(), &["--label", "Phase"], &["--label Phase", "there are: phase, "]);
    refuses(&annotated_file(), &["--by", "Phase"], &["--by Phase", "there are: phase, "]);
    refuses(&folder.path("none.h5ad"), &[], &["none.h5ad", "no such file"]);
    // A file with a latent code alone.
    let input = folder.path("in.h5ad");
    let n_cells = concord_io::inspect_h5ad(fixture("matrices.h5ad")).unwrap().n_cells;
    let latent = concord_core::Dense::from_shape_fn((n_cells, 5), |(cell, neuron)| (cell * neuron) as f32);
    let obsm = vec![("Concord".to_owned(), latent)];
    annotate_h5ad(fixture("matrices.h5ad"), &input, &Additions { obsm, ..Additions::default() }).unwrap();
    refuses(&input, &[], &["has no UMAP of two or three dimensions; make one with `concord umap`"]);
    let mut onto_itself = concord(&["report"]);
    fails(onto_itself.arg(&input).arg("-o").arg(&input), &["would be replaced"]);
}

#[test]
fn tables_that_do_not_fit() {
    let folder = Folder::new();
    let path = |name: &str| demo_run().join(name).to_str().unwrap().to_owned();
    let (ranked, trust) = (path("ranked_genes.csv"), path("trust.csv"));
    let refuses = |arguments: &[&str], expected: &[&str]| {
        folder.refuses(&mut folder.report(&annotated_file(), arguments), expected);
    };
    refuses(&["--ranked", &ranked], &["required arguments were not provided"]);
    refuses(&["--by", "phase", "--trust", &trust], &["required arguments were not provided"]);
    let by = ["--by", "bulk_labels", "--ranked"];
    refuses(&[&by[..], &[&trust]].concat(), &["trust.csv: has no column 'rank'", "`concord attribute`"]);
    refuses(&[&by[..], &[&ranked, "--trust", &ranked]].concat(), &["has no column 'ranking'", "`concord attribute`"]);
    refuses(&[&by[..], &[&ranked, "--enriched", &ranked]].concat(), &["has no column 'term'", "`concord enrich`"]);
    refuses(&[&by[..], &["none.csv"]].concat(), &["none.csv: cannot be read"]);
    let other_genes = |text: String| text.replace(",CD3D,", ",CD3DD,");
    folder.refuses(&mut folder.with_tables("bulk_labels", other_genes), &["--ranked CD3DD: no such gene", "CD3D"]);
    let broken = |text: String| text.replacen(",1,", ",one,", 1);
    folder.refuses(&mut folder.with_tables("bulk_labels", broken), &["ranked_genes.csv: line 2: column 'rank'"]);
}

#[test]
fn contexts_that_the_column_does_not_have_are_pointed_out() {
    let folder = Folder::new();
    let warned = stderr_of(&mut folder.with_tables("phase", |text| text));
    for expected in ["warning: ", "no categories of phase", "CD34+", "check --by"] {
        assert!(warned.contains(expected), "{warned}");
    }
    assert!(folder.page().contains("no categories of phase"));
    let warned = stderr_of(&mut folder.with_tables("bulk_labels", |text| text.replace("CD34+", "stem cells")));
    assert!(warned.contains("shown without their cells: stem cells;"), "{warned}");
    assert!(contexts(&folder.page()).contains(&"stem cells"));
}
