//! 10x matrices against what scanpy reads from them (see `fixtures/make_10x.py`), and damaged ones.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use concord_core::Column;
use concord_io::{FeatureType, IoError, TenxMatrix, TenxOptions, is_10x, make_unique, read_10x};
use serde_json::Value;

use crate::{Scratch, expected, expected_csr, fixture, texts};

fn input(name: &str) -> PathBuf {
    fixture("10x").join(name)
}

fn options(feature_type: FeatureType, genome: Option<&str>) -> TenxOptions {
    TenxOptions { feature_type, genome: genome.map(str::to_owned) }
}

fn of_genes() -> TenxOptions {
    TenxOptions::default()
}

/// Holds a matrix against what scanpy makes of it.
fn check(matrix: &TenxMatrix, expected: &Value) {
    assert_eq!(matrix.matrix, expected_csr(&expected["matrix"]));
    assert_eq!(matrix.cells.names(), texts(&expected["cells"]));
    let mut names = matrix.features.names.clone();
    make_unique(&mut names);
    assert_eq!(names, texts(&expected["genes"]));
    let var = expected["var"].as_object().unwrap();
    assert_eq!(matrix.features.ids.clone().unwrap(), texts(&var["gene_ids"]));
    for (name, ours) in [("feature_types", &matrix.features.types), ("genome", &matrix.features.genomes)] {
        if let Some(theirs) = var.get(name) {
            assert_eq!(ours.clone().unwrap(), texts(theirs), "{name}");
        }
    }
}

#[test]
fn all_forms_are_read_as_scanpy_reads_them() {
    let expected = expected("10x/10x");
    let read = |name: &str, options: &TenxOptions| read_10x(input(name), options).unwrap();
    for name in ["v2.h5", "v3.h5", "probes.h5", "v2", "v3"] {
        check(&read(name, &of_genes()), &expected[name]);
    }
    for name in ["v3.h5", "v3"] {
        check(&read(name, &options(FeatureType::All, None)), &expected[format!("{name} all")]);
    }
    for name in ["two_genomes.h5", "probes.h5"] {
        let options = options(FeatureType::GeneExpression, Some("mm10"));
        check(&read(name, &options), &expected[format!("{name} mm10")]);
    }
    check(&read_10x(input("v2/matrix.mtx"), &of_genes()).unwrap(), &expected["v2"]);
    check(&read_10x(input("v3/matrix.mtx.gz"), &of_genes()).unwrap(), &expected["v3"]);
}

#[test]
fn what_else_is_told_about_features_is_kept() {
    let matrix = read_10x(input("v3.h5"), &options(FeatureType::Named("Antibody Capture".to_owned()), None)).unwrap();
    assert_eq!(matrix.features.names, ["CD3_TotalSeqB", "CD19_TotalSeqB", "IgG1"]);
    let [(name, Column::Texts(sequences))] = &matrix.features.other[..] else { panic!("{:?}", matrix.features.other) };
    assert_eq!((name.as_str(), sequences[0].as_deref()), ("sequence", Some("CTCATTGTAACTCCT")));

    let probes = read_10x(input("probes.h5"), &of_genes()).unwrap().features;
    let expected = expected("10x/10x");
    let column = |name: &str| &probes.other.iter().find(|(other, _)| other == name).unwrap().1;
    let theirs = &expected["probes.h5"]["var"];
    let ids = texts(&theirs["probe_ids"]).into_iter().map(Some).collect();
    assert_eq!(*column("probe_ids"), Column::Texts(ids));
    let filtered = theirs["filtered_probes"].as_array().unwrap().iter().map(Value::as_bool).collect();
    assert_eq!(*column("filtered_probes"), Column::Booleans(filtered));
}

#[test]
fn types_and_genomes_that_are_not_there_are_answered_with_those_that_are() {
    let message = |name: &str, options: &TenxOptions| read_10x(input(name), options).unwrap_err().to_string();
    let named = |name: &str| options(FeatureType::Named(name.to_owned()), None);
    for name in ["v3", "v3.h5"] {
        let text = message(name, &named("Antibody capture"));
        assert!(text.contains("no features of the type 'Antibody capture'"), "{text}");
        assert!(text.ends_with("it has: Gene Expression, Antibody Capture, CRISPR Guide Capture"), "{text}");
    }
    let text = message("v2", &named("Antibody Capture"));
    assert!(text.ends_with("it names no types, so all its features are genes"), "{text}");
    let of_genome = |genome| options(FeatureType::All, Some(genome));
    let text = message("two_genomes.h5", &of_genes());
    assert!(text.ends_with("has a matrix for each of several genomes; choose one: hg19, mm10"), "{text}");
    assert!(message("two_genomes.h5", &of_genome("hg38")).ends_with("has no genome 'hg38'; it has: hg19, mm10"));
    assert!(message("v2.h5", &of_genome("hg38")).ends_with("has no genome 'hg38'; it has: hg19"));
    assert!(message("v3.h5", &of_genome("hg38")).ends_with("has no genome 'hg38'; it has: GRCh38, "));
    assert!(message("v3", &of_genome("hg38")).ends_with("has no genome 'hg38': it names no genomes"));
    assert!(read_10x(input("v2"), &of_genome("v2")).is_ok(), "the folder has the name of its genome");
}

#[test]
fn what_is_none_is_told_apart() {
    for name in ["v2", "v3", "v2.h5", "v3.h5", "two_genomes.h5", "probes.h5", "v2/matrix.mtx", "v3/matrix.mtx.gz"] {
        assert!(is_10x(input(name)), "{name}");
    }
    for name in ["annotated.h5ad", "10x.json", "v2/genes.tsv", "nowhere", "nowhere/matrix.mtx", "../../it"] {
        assert!(!is_10x(input(name)), "{name}");
    }
    let error = |name: &str| read_10x(input(name), &of_genes()).unwrap_err();
    assert!(matches!(error("annotated.h5ad"), IoError::NotTenx { found, .. } if found.contains(&"obs".to_owned())));
    assert!(matches!(error("nowhere"), IoError::NotFound { .. }));
    assert!(matches!(error("10x.json"), IoError::NotHdf5 { .. }));
    assert!(matches!(error("../../it"), IoError::MissingTenxFile { .. }));
}

const BANNER: &str = "%%MatrixMarket matrix coordinate integer general\n";

/// A folder with a matrix of three genes and two cells.
fn folder(scratch: &Scratch, matrix: &[u8]) -> PathBuf {
    scratch.file("barcodes.tsv", b"AAAC-1\nAAAG-1\n");
    scratch.file("genes.tsv", b"ENSG1\tA\nENSG2\tB\nENSG3\tC\n");
    scratch.file("matrix.mtx", matrix).parent().unwrap().to_owned()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Reads the matrix plain and compressed, which must be the same.
fn read_text(text: &str) -> Result<TenxMatrix, IoError> {
    let scratch = Scratch::new();
    let plain = read_10x(folder(&scratch, text.as_bytes()), &of_genes());
    let compressed = read_10x(folder(&scratch, &packed(text.as_bytes())), &of_genes());
    match (&plain, &compressed) {
        (Ok(plain), Ok(compressed)) => assert_eq!(plain, compressed),
        (Err(plain), Err(compressed)) => assert_eq!(plain.to_string(), compressed.to_string()),
        _ => panic!("{plain:?} and {compressed:?}"),
    }
    plain
}

#[test]
fn matrices_may_be_written_in_many_ways() {
    let read = read_text(&format!("{BANNER}%\n% a comment\n\n3 2 3\n3 1 7\r\n 1\t1   2 \n\n2 2 4")).unwrap();
    assert_eq!(read.matrix.to_dense(), ndarray::array![[2.0, 0.0, 7.0], [0.0, 4.0, 0.0]]);
    assert_eq!((read.notes.n_unsorted, read.notes.n_duplicates, read.notes.n_rounded), (1, 0, 0));
    let real = "%%matrixmarket MATRIX Coordinate Real General\n3 2 4\n1 1 1e-3\n2 1 -0.5\n1 1 2.5\n1 2 16777217\n";
    let read = read_text(real).unwrap();
    assert_eq!(read.matrix.to_dense(), ndarray::array![[2.501, -0.5, 0.0], [16_777_216.0, 0.0, 0.0]]);
    assert_eq!((read.notes.n_unsorted, read.notes.n_duplicates, read.notes.n_rounded), (1, 1, 1));
    let empty = read_text(&format!("{BANNER}3 2 0\n")).unwrap();
    assert_eq!((empty.matrix.shape(), empty.matrix.nnz()), ((2, 3), 0));
}

#[test]
fn damage_is_named_with_its_line() {
    let cases = [
        ("1 2 3\n", "line 1: it does not begin with %%MatrixMarket"),
        (
            "%%MatrixMarket matrix coordinate pattern general\n3 2 0\n",
            "line 1: '%%MatrixMarket matrix coordinate pattern",
        ),
        ("%%MatrixMarket matrix array real general\n3 2\n", "line 1: '%%MatrixMarket matrix array"),
        (
            "%%MatrixMarket matrix coordinate integer symmetric\n2 2 0\n",
            "line 1: '%%MatrixMarket matrix coordinate integer",
        ),
        ("BANNER3 2\n", "line 2: '3 2' does not give the numbers"),
        ("BANNER-3 2 0\n", "line 2: '-3 2 0' does not give the numbers"),
        ("BANNER3 2 7\n", "line 2: 7 entries are more than 3 x 2 have room for"),
        ("BANNER9999999999 2 0\n", "line 2: a matrix of 9999999999 x 2 is too large"),
        ("BANNER99999999999999999999 2 0\n", "line 2: '99999999999999999999 2 0' does not"),
        ("BANNER%\n3 2 2\n1 1 1\n0 1 1\n", "line 5: there is no row 0 (they go from 1 to 3)"),
        ("BANNER3 2 1\n4 1 1\n", "line 3: there is no row 4 (they go from 1 to 3)"),
        ("BANNER3 2 1\n1 3 1\n", "line 3: there is no column 3 (they go from 1 to 2)"),
        ("BANNER3 2 1\n1 -1 1\n", "line 3: '-1' is no number of a column"),
        ("BANNER3 2 1\n4294967297 1 1\n", "line 3: there is no row 4294967297"),
        ("BANNER3 2 1\n1 1 nan\n", "line 3: the value NaN is not finite"),
        ("BANNER3 2 1\n1 1 1e39\n", "is not finite"),
        ("BANNER3 2 1\n1 1 x\n", "line 3: 'x' is no number"),
        ("BANNER3 2 1\n1 1\n", "line 3: an entry is a row, a column and a value"),
        ("BANNER3 2 1\n1 1 1 1\n", "line 3: an entry is a row, a column and a value"),
        ("BANNER3 2 1\n1 1 1\n2 1 1\n", "line 4: there are more entries than the 1 that the header names"),
        ("BANNER3 2 2\n1 1 1\n", "cut short (it has 1 entries, and its header names 2)"),
        ("BANNER", "cut short (it ends before the line with its sizes)"),
        ("", "cut short (it ends before the line with its sizes)"),
    ];
    for (text, expected) in cases {
        let message = read_text(&text.replace("BANNER", BANNER)).unwrap_err().to_string();
        assert!(message.contains("matrix.mtx") && message.contains(expected), "{expected:?} is not in: {message}");
        assert!(!message.contains('\n') && !message.ends_with('.'), "{message}");
    }
}

/// Nothing is allocated for what a header claims: this would be 136 GB.
#[test]
fn a_header_that_claims_too_much_is_refused() {
    let error = read_text(&format!("{BANNER}4294967294 4 17000000000\n1 1 1\n")).unwrap_err();
    assert!(matches!(error, IoError::NameCount { expected: 4, found: 2, unit: "cells", .. }), "{error}");
    let scratch = Scratch::new();
    let barcodes: String = (0..70_000).map(|cell| format!("{cell}\n")).collect();
    scratch.file("barcodes.tsv", barcodes.as_bytes());
    scratch.file("genes.tsv", barcodes.as_bytes());
    let matrix = scratch.file("matrix.mtx", format!("{BANNER}70000 70000 4900000000\n1 1 1\n").as_bytes());
    assert!(matches!(read_10x(matrix, &of_genes()), Err(IoError::Truncated { .. })));
}

#[test]
fn files_of_names_must_be_there_and_fit() {
    let scratch = Scratch::new();
    let path = folder(&scratch, format!("{BANNER}3 2 0\n").as_bytes());
    let message = || read_10x(&path, &of_genes()).unwrap_err().to_string();
    scratch.file("barcodes.tsv", b"barcode\nAAAC-1\nAAAG-1\n");
    let text = message();
    assert!(text.contains("barcodes.tsv: names 3 cells, but") && text.contains("matrix.mtx has 2"), "{text}");
    assert!(text.contains("its first line may be a title"), "{text}");
    scratch.file("barcodes.tsv", b"AAAC-1\n");
    assert!(message().contains("names 1 cells"), "{}", message());
    fs::remove_file(scratch.path("barcodes.tsv")).unwrap();
    assert!(message().contains("has no barcodes.tsv.gz or barcodes.tsv beside matrix.mtx"), "{}", message());
    let whole = packed(b"AAAC-1\nAAAG-1\n");
    scratch.file("barcodes.tsv.gz", &whole[..whole.len() - 3]);
    assert!(message().contains("barcodes.tsv.gz: the file is cut short"), "{}", message());
    scratch.file("barcodes.tsv.gz", &whole);
    assert!(read_10x(&path, &of_genes()).is_ok());
    fs::remove_file(scratch.path("genes.tsv")).unwrap();
    assert!(message().contains("no features.tsv.gz or features.tsv or genes.tsv.gz or genes.tsv"), "{}", message());
}

#[test]
fn truncated_files_are_refused() {
    let scratch = Scratch::new();
    for name in ["barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz"] {
        for other in ["barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz"] {
            fs::copy(input("v3").join(other), scratch.path(other)).unwrap();
        }
        let whole = fs::read(input("v3").join(name)).unwrap();
        for end in 2..whole.len() {
            let path = scratch.file(name, &whole[..end]);
            let error = read_10x(path.parent().unwrap(), &of_genes()).unwrap_err();
            assert!(matches!(error, IoError::Truncated { .. }), "{name}, {end} bytes: {error}");
        }
    }
    for name in ["v2.h5", "v3.h5"] {
        let whole = fs::read(input(name)).unwrap();
        for part in 1..20 {
            let path = scratch.file("cut.h5", &whole[..whole.len() * part / 20]);
            assert!(read_10x(path, &of_genes()).is_err(), "{name}, {part} of 20 parts");
        }
    }
}

/// The text of a matrix with some bytes changed: an error or a matrix, but no panic.
#[test]
fn damaged_text_never_panics() {
    let mut state = 1_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let good = fs::read(input("v2/matrix.mtx")).unwrap();
    let scratch = Scratch::new();
    for name in ["genes.tsv", "barcodes.tsv"] {
        fs::copy(input("v2").join(name), scratch.path(name)).unwrap();
    }
    let mut n_errors = 0;
    for _ in 0..2000 {
        let mut bytes = good.clone();
        for _ in 0..=next(4) {
            let place = next(bytes.len());
            bytes[place] = [b' ', b'\n', b'-', b'9', b'.', b'e', next(256) as u8][next(7)];
        }
        n_errors += usize::from(read_10x(scratch.file("matrix.mtx", &bytes), &of_genes()).is_err());
    }
    assert!(n_errors > 1000, "{n_errors} damaged files were refused");
}

/// Large enough for several blocks of text, with entries in no order.
#[test]
fn the_number_of_threads_changes_nothing() {
    let (n_features, n_cells) = (701_usize, 499_usize);
    let n_entries = 150_000;
    let place = |entry: usize| entry * 104_729 % (n_features * n_cells);
    let line = |entry| format!("{} {} {}\n", place(entry) / n_cells + 1, place(entry) % n_cells + 1, entry % 90 + 1);
    let lines: String = (0..n_entries).map(line).collect();
    let text = format!("{BANNER}{n_features} {n_cells} {n_entries}\n{lines}");
    let names = |n_names| (0..n_names).map(|name| format!("{name}\n")).collect::<String>();
    let scratch = Scratch::new();
    scratch.file("barcodes.tsv", names(n_cells).as_bytes());
    scratch.file("features.tsv", names(n_features).as_bytes());
    let path = scratch.file("matrix.mtx.gz", &packed(text.as_bytes()));
    let read = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| read_10x(&path, &of_genes()).unwrap())
    };
    let matrix = read(1);
    assert_eq!(matrix, read(3));
    assert_eq!((matrix.matrix.nnz(), matrix.notes.n_duplicates), (n_entries, 0));
    for entry in [0, 1, 77_777, n_entries - 1] {
        let (feature, cell) = (place(entry) / n_cells, place(entry) % n_cells);
        assert_eq!(matrix.matrix.get(cell, feature), Some(&((entry % 90 + 1) as f32)));
    }
}
