//! Several inputs put behind each other, against what `anndata.concat` makes of them (see `fixtures/make_10x.py`).

use std::path::PathBuf;

use concord_core::{Column, Csr};
use concord_io::{GeneKey, GeneNames, IoError, Join, JoinOptions, Joined, MatrixSource, WriteOptions};
use serde_json::Value;

use crate::forms::values as column_values;
use crate::{Scratch, expected, expected_csr, fixture, keep, read, texts};

fn inputs(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| fixture("10x").join(name)).collect()
}

fn open(names: &[&str], options: &JoinOptions) -> Result<Joined, IoError> {
    Joined::open(&inputs(names), options)
}

/// The whole matrix, and the number of blocks.
fn matrix(joined: &Joined) -> (Csr, usize) {
    let (mut row_ends, mut indices, mut data, mut n_blocks) = (vec![0], Vec::new(), Vec::new(), 0);
    let notes = joined.for_each_block(|_, block| {
        let ends = block.indptr();
        row_ends.extend(ends.raw_storage()[1..].iter().map(|end| end + data.len()));
        indices.extend_from_slice(block.indices());
        data.extend_from_slice(block.data());
        n_blocks += 1;
        Ok(())
    });
    assert_eq!(notes.unwrap().n_rounded, 0);
    (Csr::new((joined.cells.len(), joined.genes.len()), row_ends, indices, data), n_blocks)
}

fn column<'j>(columns: &'j [(String, Column)], name: &str) -> Option<&'j Column> {
    columns.iter().find(|(known, _)| known == name).map(|(_, column)| column)
}

/// Joins inputs, genes called by their identifiers, and holds all against Python.
fn check(names: &[&str], batches: &[&str], join: Join, expected: &Value) {
    let options = JoinOptions {
        join,
        batch_names: Some(batches.iter().map(|&name| name.to_owned()).collect()),
        gene_names: GeneNames::Ids,
        ..JoinOptions::default()
    };
    let joined = open(names, &options).unwrap();
    assert_eq!(joined.report.key, GeneKey::Ids);
    assert_eq!(joined.cells.names(), texts(&expected["cells"]));
    let (ours, _) = matrix(&joined);
    let (theirs, their_genes) = (expected_csr(&expected["matrix"]).to_dense(), texts(&expected["genes"]));
    // An outer join is sorted by anndata, and in the order of the inputs here.
    let mut sorted = joined.genes.names().to_vec();
    if join == Join::Outer {
        sorted.sort();
    }
    let mut their_sorted = their_genes.clone();
    their_sorted.sort_by_key(|gene| sorted.iter().position(|ours| ours == gene));
    assert_eq!(sorted, their_sorted);
    for (place, gene) in their_genes.iter().enumerate() {
        let our_place = joined.genes.position(gene).unwrap();
        assert_eq!(ours.to_dense().column(our_place), theirs.column(place), "{gene}");
    }
    if join == Join::Inner {
        assert_eq!(joined.genes.names(), their_genes);
    }
    let obs = expected["obs"].as_object().unwrap();
    assert_eq!(joined.obs.len(), obs.len());
    for (name, values) in obs {
        assert_eq!(Value::Array(column_values(column(&joined.obs, name).unwrap())), *values, "{name}");
    }
}

#[test]
fn what_is_written_is_what_anndata_joins() {
    let (scratch, expected) = (Scratch::new(), &expected("10x/joined")["h5ad inner"]);
    let path = scratch.path("joined.h5ad");
    let batch_names = Some(vec!["b".to_owned(), "a".to_owned()]);
    let options = JoinOptions { batch_names, gene_names: GeneNames::Ids, ..JoinOptions::default() };
    let joined = open(&["annotated.h5ad", "annotated_more.h5ad"], &options).unwrap();
    let mut n_written = Vec::new();
    joined.write_h5ad(&path, &WriteOptions::default(), &mut |n_cells| n_written.push(n_cells)).unwrap();
    assert_eq!(n_written, [4, 8]);
    let data = read(&path, MatrixSource::X).unwrap();
    assert_eq!(data.counts.matrix(), &expected_csr(&expected["matrix"]));
    for (name, values) in expected["obs"].as_object().unwrap() {
        assert_eq!(Value::Array(column_values(data.obs.get(name).unwrap())), *values, "{name}");
    }
    let mut described = expected.clone();
    described["counts"] = described["matrix"].take();
    described.as_object_mut().unwrap().retain(|name, _| ["counts", "cells", "genes", "obs"].contains(&name.as_str()));
    keep(&path, "joined", &described);
}

#[test]
fn inputs_are_joined_as_by_anndata() {
    let expected = expected("10x/joined");
    for (how, join) in [("inner", Join::Inner), ("outer", Join::Outer)] {
        let expected = |name: &str| &expected[format!("{name} {how}")];
        check(&["v3", "v2.h5"], &["new", "old"], join, expected("10x"));
        check(&["annotated.h5ad", "annotated_more.h5ad"], &["b", "a"], join, expected("h5ad"));
        check(&["annotated.h5ad", "v3.h5"], &["annotated", "new"], join, expected("both"));
    }
}

#[test]
fn columns_about_genes_are_kept_where_inputs_agree() {
    let outer = JoinOptions { join: Join::Outer, ..JoinOptions::default() };
    let joined = open(&["annotated.h5ad", "annotated_more.h5ad"], &outer).unwrap();
    assert_eq!(joined.var.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["gene_ids", "mean"]);
    let expected = &expected("10x/joined")["h5ad inner"]["var"];
    for name in ["gene_ids", "mean"] {
        assert_eq!(Value::Array(column_values(column(&joined.var, name).unwrap())), expected[name]);
    }
    let joined = open(&["v3.h5", "v2.h5", "annotated.h5ad"], &outer).unwrap();
    assert_eq!(joined.var.len(), 1);
    assert_eq!(joined.report.left_out_var, ["feature_types", "genome", "sequence", "mean"]);
    let joined = open(&["v3.h5", "v3"], &outer).unwrap();
    assert_eq!(joined.var.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["gene_ids", "feature_types"]);
}

#[test]
fn what_was_changed_and_left_out_is_reported() {
    let outer = JoinOptions { join: Join::Outer, ..JoinOptions::default() };
    let joined = open(&["v2.h5", "annotated.h5ad"], &outer).unwrap();
    let report = &joined.report;
    assert_eq!(report.inputs.iter().map(|input| input.batch.as_str()).collect::<Vec<_>>(), ["v2", "annotated"]);
    assert_eq!((report.inputs[1].n_cells, report.inputs[1].n_genes, report.inputs[1].n_kept_genes), (4, 6, 6));
    assert_eq!(report.inputs[1].left_out, ["layers/twice", "obsm/X_pca", "uns/note"]);
    assert_eq!((report.n_genes_in_all, joined.genes.len()), (4, 10));
    // MATR3 stands twice, and TP53 has another identifier in the second input, which has one MATR3 as MATR3-1.
    assert_eq!((report.n_repeated_genes, report.n_renamed_genes, report.n_genes_called_differently), (0, 2, 1));
    assert_eq!(joined.genes.names()[8..], ["NEW", "TP53-1"]);

    let joined = open(&["v2.h5", "annotated.h5ad"], &JoinOptions::default()).unwrap();
    assert_eq!(joined.report.left_out_obs, ["kind", "n", "even"]);
    assert_eq!((joined.report.inputs[0].n_kept_genes, joined.genes.len()), (4, 4));
}

#[test]
fn one_input_is_taken_as_it_is() {
    let joined = open(&["v3"], &JoinOptions::default()).unwrap();
    let expected = &expected("10x/10x")["v3"];
    assert_eq!(matrix(&joined), (expected_csr(&expected["matrix"]), 1));
    assert_eq!(joined.cells.names(), texts(&expected["cells"]));
    assert_eq!(joined.genes.names(), texts(&expected["genes"]));
    assert!(joined.obs.is_empty());
    let ids = JoinOptions { gene_names: GeneNames::Ids, ..JoinOptions::default() };
    let joined = open(&["v3"], &ids).unwrap();
    let expected = &self::expected("10x/10x")["v3 ids"];
    assert_eq!(joined.genes.names(), texts(&expected["genes"]));
    assert_eq!(
        Value::Array(column_values(column(&joined.var, "gene_symbols").unwrap())),
        expected["var"]["gene_symbols"]
    );
}

/// Without identifiers in one of them, names are all there is.
#[test]
fn inputs_without_identifiers_are_joined_by_names() {
    let scratch = Scratch::new();
    scratch.file("matrix.mtx", b"%%MatrixMarket matrix coordinate integer general\n3 1 2\n1 1 5\n3 1 6\n");
    scratch.file("barcodes.tsv", b"AAAC-1\n");
    let features = scratch.file("features.tsv", b"MS4A1\nMATR3\nMATR3\n");
    let paths = [fixture("10x/v3.h5"), features.parent().unwrap().to_owned()];
    let joined = Joined::open(&paths, &JoinOptions::default()).unwrap();
    assert_eq!(joined.report.key, GeneKey::Names);
    assert_eq!(joined.genes.names(), ["MATR3", "MATR3-1", "MS4A1"]);
    let (matrix, _) = matrix(&joined);
    assert_eq!(matrix.to_dense().row(6).to_vec(), [0.0, 6.0, 5.0]);
    let ids = JoinOptions { gene_names: GeneNames::Ids, ..JoinOptions::default() };
    assert!(matches!(Joined::open(&paths, &ids), Err(IoError::NoGeneIds { path }) if path == paths[1]));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let mouse = |genome: &str, join| JoinOptions {
        tenx: concord_io::TenxOptions { genome: Some(genome.to_owned()), ..Default::default() },
        join,
        ..JoinOptions::default()
    };
    let error = open(&["two_genomes.h5", "annotated.h5ad"], &mouse("mm10", Join::Inner)).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, IoError::NoCommonGenes { .. }) && text.contains("has Xkr4, Rp1, Sox17"), "{text}");
    assert!(open(&["two_genomes.h5", "annotated.h5ad"], &mouse("mm10", Join::Outer)).is_ok());
    let taken = JoinOptions { batch_key: "kind".to_owned(), ..JoinOptions::default() };
    let error = open(&["annotated.h5ad", "annotated_more.h5ad"], &taken).unwrap_err();
    assert!(matches!(&error, IoError::BatchKeyTaken { key } if key == "kind"), "{error}");
    let one_name = JoinOptions { batch_names: Some(vec!["a".to_owned()]), ..JoinOptions::default() };
    assert!(matches!(open(&["v2", "v3"], &one_name), Err(IoError::BatchNames { n_inputs: 2, .. })));

    let scratch = Scratch::new();
    scratch.file("barcodes.tsv", b"");
    scratch.file("genes.tsv", b"ENSG1\tA\n");
    let empty = scratch.file("matrix.mtx", b"%%MatrixMarket matrix coordinate integer general\n1 0 0\n");
    assert!(matches!(Joined::open(&[empty], &JoinOptions::default()), Err(IoError::Core(_))));
}

#[test]
fn cells_are_told_apart_by_their_batch() {
    let joined = open(&["v3.h5", "v3.h5"], &JoinOptions::default()).unwrap();
    assert!(joined.cells.are_unique());
    assert!(joined.cells.names()[0].ends_with("-1-v3") && joined.cells.names()[6].ends_with("-1-v3-1"));
    let Some(Column::Labels(batch)) = column(&joined.obs, "batch") else { panic!("no batches") };
    assert_eq!((batch.names(), batch.sizes()), (&["v3".to_owned(), "v3-1".to_owned()][..], vec![6, 6]));
}
