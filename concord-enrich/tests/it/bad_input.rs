//! What is wrong with an input is said, with what to do next.

use concord_enrich::{
    Background, EnrichError, GmtNote, IdentifierKind, OraConfig, PrerankConfig, over_representation, parse_gmt, prerank,
};

use crate::TestResult;
use crate::common::set;

#[track_caller]
fn message<T>(result: Result<T, EnrichError>) -> String {
    result.err().map_or_else(|| "no error".into(), |error| error.to_string())
}

#[track_caller]
fn check_gmt(text: &str, expected: &str) {
    let message = message(parse_gmt(text));
    assert!(message.contains(expected), "{text:?}: {message}");
}

#[test]
fn a_gmt_file_with_other_separators_is_refused() {
    check_gmt("T cells,description,CD3D,CD3E\n", "line 1 of the GMT file has commas where tabs belong");
    check_gmt("a\t\tX\tY\n\nT cells,description,CD3D\n", "line 3 of the GMT file has commas");
    check_gmt("T cells\tdescription\tCD3D,CD3E,CD2\n", "has commas where tabs belong (\"CD3D,CD3E,CD2\")");
    check_gmt("T cells description CD3D CD3E\n", "there is no tab in it (line 1: \"T cells description CD3D CD3E\")");
    check_gmt("<!DOCTYPE html>\n<html>", "this is no GMT file");
    check_gmt("\tdescription\tCD3D\n", "line 1 of the GMT file has no name");
    check_gmt("", "no gene set with genes in it (0 without)");
    check_gmt("a\t\nb\t\t\t\n", "no gene set with genes in it (2 without)");
}

#[test]
fn a_gmt_file_with_small_faults_is_read_and_they_are_noted() -> TestResult {
    let text = "\u{feff}a, b, c\t\tX\tY\tX\r\n\r\nempty\t\t\nshort\nweights\tw\tX,1.0\tZ,0.5 \t\n\
                a, b, c\tagain\tY\tZ\r\n<b>\"quoted\"/slash</b>\t\tX";
    let gmt = parse_gmt(text)?;
    let sets: Vec<(&str, &str, Vec<&str>)> = gmt
        .sets
        .iter()
        .map(|set| (&*set.name, &*set.description, set.genes.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(
        sets,
        [
            ("a, b, c", "", vec!["X", "Y", "Z"]),
            ("weights", "w", vec!["X", "Z"]),
            ("<b>\"quoted\"/slash</b>", "", vec!["X"]),
        ]
    );
    assert_eq!(
        gmt.notes,
        [
            GmtNote::RepeatedGenes { line: 1, name: "a, b, c".into(), n_repeated: 1 },
            GmtNote::EmptySet { line: 3, name: "empty".into() },
            GmtNote::EmptySet { line: 4, name: "short".into() },
            GmtNote::MergedSet { line: 6, name: "a, b, c".into(), n_added: 1 },
        ]
    );
    assert_eq!(gmt.notes[3].to_string(), "line 6: \"a, b, c\" stood there before; merged, genes added: 1");
    Ok(())
}

#[test]
fn names_without_overlap_are_shown_from_both_sides() {
    let sets = [set("a", &["CD3D", "CD3E"]), set("b", &["MS4A1"])];
    let ensembl = ["ENSG00000167286", "ENSG00000198851.10"];
    let number = OraConfig { background: Background::Number(20_000), ..OraConfig::default() };
    let result = over_representation(&ensembl, &sets, &number);
    assert_eq!(
        message(result),
        "none of the 2 genes of the list (ENSG00000167286, ENSG00000198851.10: Ensembl identifiers) is among the 3 genes of \
         the gene sets (CD3D, CD3E, MS4A1: gene symbols); convert the Ensembl identifiers to gene symbols, or choose gene \
         sets of Ensembl identifiers"
    );
    let ranked = ensembl.map(|gene| (gene, 1.0));
    let from_ranking = message(prerank(&ranked, &sets, &PrerankConfig::default(), &mut |_, _| ()));
    assert!(from_ranking.starts_with("none of the 2 ranked genes (ENSG00000167286,"), "{from_ranking}");
    // All of the background has other names than the sets; then, the list has other names than the background.
    let genes = |names: &[&str]| Background::Genes(names.iter().map(|&name| name.into()).collect());
    let config = OraConfig { background: genes(&ensembl), ..OraConfig::default() };
    let from_background = message(over_representation(&ensembl[..1], &sets, &config));
    assert!(from_background.starts_with("none of the 2 genes of the background (ENSG"), "{from_background}");
    let from_list = message(over_representation(&["915", "916"], &sets, &config));
    assert!(from_list.contains("(915, 916: Entrez numbers) is among the 2 genes of the background"), "{from_list}");
}

#[test]
fn names_of_another_spelling_are_recognised() {
    let config = OraConfig { background: Background::Number(20_000), ..OraConfig::default() };
    let result = over_representation(&["Cd3d", "Cd3e", "Xist"], &[set("a", &["CD3D", "CD3E"])], &config);
    let Err(EnrichError::NoOverlap(sides)) = result else { panic!("{result:?}") };
    assert_eq!((sides.n_ignoring_case, sides.left.kind, sides.left.n), (2, IdentifierKind::Symbol, 3));
    assert!(
        EnrichError::NoOverlap(sides).to_string().contains("2 would be, were it not for capital and small letters")
    );
}

#[test]
fn lists_and_sets_that_cannot_be_tested_are_refused() {
    let sets = [set("a", &["A", "B", "C"])];
    let check = |genes: &[&str], config: OraConfig, expected: &str| {
        let message = message(over_representation(genes, &sets, &config));
        assert!(message.contains(expected), "{message}");
    };
    let number = |n| OraConfig { background: Background::Number(n), min_size: 1, ..OraConfig::default() };
    check(&[], number(10), "the gene list is empty");
    check(&["", " "], number(10), "the gene list is empty");
    check(&["A", "X", "Y"], number(4), "a background of 4 genes is too small: the gene list and \"a\" alone have 5");
    check(&["A"], number(0), "--background 0 is out of range: a positive number of genes");
    check(&["A"], OraConfig { min_size: 0, ..number(10) }, "--ora-min-size 0 is out of range: at least 1");
    check(
        &["A"],
        OraConfig { max_size: 2, min_size: 3, ..number(10) },
        "--ora-max-size 2 is out of range: at least --ora-min-size",
    );
    check(&["A"], OraConfig { min_size: 4, ..number(10) }, "the largest has 3 genes, and from 4 to 1000 are allowed");
    let none = over_representation(&["A"], &[], &number(10));
    assert_eq!(none, Err(EnrichError::NoSets { n_empty: 0 }));
}

#[test]
fn rankings_that_cannot_be_tested_are_refused() {
    let sets = [set("a", &["A", "B", "C"])];
    let base = PrerankConfig { min_size: 1, ..PrerankConfig::default() };
    let check = |ranked: &[(&str, f64)], config: PrerankConfig, expected: &str| {
        let message = message(prerank(ranked, &sets, &config, &mut |_, _| ()));
        assert!(message.contains(expected), "{message}");
    };
    let good = [("A", 3.0), ("B", 2.0), ("C", 1.0), ("D", 0.0)];
    check(&good[..1], base.clone(), "a ranking of 1 genes says nothing");
    check(&[("A", 1.0), ("B", f64::NAN)], base.clone(), "the score of gene \"B\" is NaN");
    check(&[("A", f64::INFINITY), ("B", 1.0)], base.clone(), "the score of gene \"A\" is inf");
    check(&[("A", 1.0), ("B", 1.0), ("A", 0.0)], base.clone(), "gene \"A\" is ranked 2 times");
    check(&good[..3], base.clone(), "(but not all genes)");
    check(&good, PrerankConfig { min_size: 15, ..base.clone() }, "the largest has 3 genes, and from 15 to 500");
    check(
        &good,
        PrerankConfig { n_permutations: 0, ..base.clone() },
        "--gsea-n-permutations 0 is out of range: from 1 to 1000000",
    );
    check(&good, PrerankConfig { weight: f64::NAN, ..base.clone() }, "--gsea-weight NaN is out of range: from 0 to 10");
    check(&good, PrerankConfig { weight: -1.0, ..base }, "--gsea-weight -1 is out of range: from 0 to 10");
}
