//! Genes of a model in files that call them otherwise.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use concord_core::Column;
use concord_io::{Additions, ReadOptions, annotate_h5ad, read_h5ad};
use tempfile::TempDir;

use crate::{concord, demo_file, demo_run, fails, json_of, rows, stderr_of};

/// A folder with a model and data.
struct Folder(TempDir);

impl Folder {
    /// With a copy of a model, its features called otherwise.
    fn new(model: &Path, renamed: impl Fn(&str) -> String) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.path("model")).unwrap();
        fs::copy(model.join("model.safetensors"), folder.path("model/model.safetensors")).unwrap();
        let config = fs::read(model.join("config.json")).unwrap();
        let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        for feature in config["features"].as_array_mut().unwrap() {
            *feature = renamed(feature.as_str().unwrap()).into();
        }
        fs::write(folder.path("model/config.json"), config.to_string()).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The embedded data set with a column of identifiers.
    fn data(&self, column: &str, identifiers: Vec<Option<String>>) -> PathBuf {
        let var = vec![(column.to_owned(), Column::Texts(identifiers))];
        annotate_h5ad(demo_file(), self.path("data.h5ad"), &Additions { var, ..Additions::default() }).unwrap();
        self.path("data.h5ad")
    }

    /// `concord attribute INPUT --model MODEL -o out` of one context, with another model for its lists.
    fn attribute(&self, input: &Path, out: &str) -> Command {
        let mut command = concord(&["attribute", "--by", "bulk_labels", "--context", "CD34+", "--no-trust"]);
        command.args(["--replicates", "2", "--top-neurons", "0"]).arg(input);
        command.arg("--model").arg(self.path("model")).arg("-o").arg(self.path(out));
        command
    }

    /// Genes and importances of the lists of the model and of all models.
    fn lists(&self, out: &str) -> Vec<[String; 3]> {
        let tables = ["ranked_genes.csv", "consensus.csv"].map(|name| rows(&self.path(out).join(name)));
        let columns = ["target", "gene", "importance"];
        tables.iter().flatten().map(|row| columns.map(|column| row[column].clone())).collect()
    }
}

/// An id for every gene of the embedded data set.
fn ids() -> BTreeMap<String, String> {
    let genes = read_h5ad(demo_file(), &ReadOptions::default()).unwrap().genes;
    genes.names().iter().zip(1..).map(|(name, number)| (name.clone(), format!("ENSG{number:011}"))).collect()
}

#[test]
fn genes_are_found_in_a_column_and_give_the_same_lists() {
    let ids = ids();
    let renamed = Folder::new(&demo_run().join("model"), |symbol| format!("{}.7", ids[symbol]));
    let genes = read_h5ad(demo_file(), &ReadOptions::default()).unwrap().genes;
    let input = renamed.data("gene_ids", genes.names().iter().map(|name| Some(ids[name].clone())).collect());
    let said = stderr_of(&mut renamed.attribute(&input, "out"));
    let warning = "warning: the model's genes go by other identifiers in this file; they were found 748 by column gene_ids \
                   (other version); gene_matching.csv lists them\n";
    assert!(said.contains(warning), "{said}");
    let table = rows(&renamed.path("out/gene_matching.csv"));
    assert_eq!(table.len(), 748);
    for row in &table {
        assert_eq!(row["feature"], format!("{}.7", ids[&row["gene"]]));
        assert_eq!(genes.position(&row["gene"]), row["place"].parse().ok());
        assert_eq!((row["how"].as_str(), row["contradicted_by"].as_str()), ("column gene_ids (other version)", ""));
    }
    let json = json_of(&mut renamed.attribute(&input, "out"));
    assert_eq!(json["genes_found_by"], serde_json::json!({"column gene_ids (other version)": 748}));

    let plain = Folder::new(&demo_run().join("model"), str::to_owned);
    let said = stderr_of(&mut plain.attribute(&demo_file(), "out"));
    assert!(!said.contains("warning") && !said.contains("the model's genes"), "{said}");
    assert!(!plain.path("out/gene_matching.csv").exists());
    let mut expected = plain.lists("out");
    for [_, gene, _] in &mut expected {
        *gene = format!("{}.7", ids[gene]);
    }
    let lists = renamed.lists("out");
    assert!(lists.iter().any(|[target, ..]| target == "against the rest"));
    assert_eq!(lists, expected);
}

#[test]
fn genes_of_another_kind_or_species_are_refused_with_a_reason() {
    let ids = ids();
    let folder = Folder::new(&demo_run().join("model"), |symbol| ids[symbol].clone());
    let refuses = |folder: &Folder, input: &Path, expected: &[&str]| {
        fails(&mut folder.attribute(input, "out"), expected);
        assert!(!folder.path("out").exists(), "something was written");
    };
    let expected = [
        "748 of the model's 748 genes are not in the matrix: ENSG",
        "; the model has Ensembl ids, the matrix has gene symbols and no column of Ensembl ids in var; the nearest to ENSG",
        "; put the Ensembl ids of its genes into a column of var",
    ];
    refuses(&folder, &demo_file(), &expected);
    let some_are_missing = ids.values().enumerate().map(|(place, id)| (place % 3 != 0).then(|| id.clone())).collect();
    let input = folder.data("gene_ids", some_are_missing);
    refuses(&folder, &input, &["the matrix has gene symbols and not all of them in column gene_ids of var"]);
    let one_for_all = vec![ids.values().next().cloned(); ids.len()];
    let input = folder.data("gene_ids", one_for_all);
    refuses(&folder, &input, &["747 of the model's 748 genes are not in the matrix"]);

    let of_mice = Folder::new(&demo_run().join("model"), |symbol| {
        let lower = symbol.to_lowercase();
        symbol[..1].to_owned() + &lower[1..]
    });
    refuses(&of_mice, &demo_file(), &["are there in other upper and lower case (", "which may mean another species"]);
}

/// A model of ids with versions meets a matrix of symbols, whose real ids without versions are in var.
#[test]
fn real_genes_are_found_by_the_ids_that_came_with_them() {
    let Some(shared) = concord_tests::shared("matching of real genes") else { return };
    let input = shared.join("data/pbmc3k_counts.h5ad");
    let data = read_h5ad(&input, &ReadOptions::default()).unwrap();
    let Some(Column::Texts(ids)) = data.var.get("gene_ids") else { panic!("no gene_ids") };
    let id_of = |symbol: &str| ids[data.genes.position(symbol).unwrap()].clone().unwrap();

    let trained = tempfile::tempdir().unwrap();
    let mut run = concord(&["run", "--no-attribution", "--no-report", "--n-top-features", "300", "--epochs", "1"]);
    run.args(["--flavor", "seurat", "--umap-n-epochs", "5"]).arg(&input).arg("-o").arg(trained.path());
    run.assert().success();
    let folder = Folder::new(&trained.path().join("model"), |symbol| format!("{}.1", id_of(symbol)));
    let mut command = concord(&["attribute", "--by", "louvain", "--context", "B cells", "--no-trust"]);
    command.arg(&input).arg("--model").arg(folder.path("model")).arg("-o").arg(folder.path("out"));
    let said = stderr_of(&mut command);
    assert!(said.contains("they were found 300 by column gene_ids (other version);"), "{said}");
    for row in rows(&folder.path("out/gene_matching.csv")) {
        assert_eq!(row["feature"], format!("{}.1", id_of(&row["gene"])));
    }
}
