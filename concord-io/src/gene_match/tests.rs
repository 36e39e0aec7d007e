#![allow(clippy::unwrap_used)]

use concord_core::{Column, CoreError, Genes, Labels, Table};
use proptest::prelude::*;

use super::{GeneMatching, Likeness, MatchOutcome, match_genes};
use crate::IoError;

type Columns<'a> = &'a [(&'a str, &'a [&'a str])];

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

/// Columns of texts; an empty one is missing in every other column.
fn table(n_rows: usize, columns: Columns<'_>) -> Table {
    let mut table = Table::new(n_rows);
    for (place, &(name, values)) in columns.iter().enumerate() {
        let optional = |value: &&str| (!value.is_empty() || place % 2 == 0).then(|| (*value).to_owned());
        table.insert(name, Column::Texts(values.iter().map(optional).collect())).unwrap();
    }
    table
}

fn matching(features: &[&str], names: &[&str], columns: Columns<'_>) -> GeneMatching {
    match_genes(&texts(features), &Genes::new(names.iter().copied()), &table(names.len(), columns)).unwrap()
}

/// One text for what became of a feature.
fn told(outcome: &MatchOutcome) -> String {
    match outcome {
        MatchOutcome::Found { place, way, contradicted_by: None } => format!("{place}: {way}"),
        MatchOutcome::Found { place, way, contradicted_by: Some(column) } => format!("{place}: {way}; not by {column}"),
        MatchOutcome::Several { places, way } => format!("several {places:?}: {way}"),
        MatchOutcome::Shared { place, way } => format!("shared {place}: {way}"),
        MatchOutcome::Missing { in_other_case: None } => "missing".to_owned(),
        MatchOutcome::Missing { in_other_case: Some(name) } => format!("missing, but {name}"),
    }
}

/// Holds what becomes of features against what is expected.
fn check(names: &[&str], columns: Columns<'_>, expected: &[(&str, &str)]) -> GeneMatching {
    let features: Vec<&str> = expected.iter().map(|(feature, _)| *feature).collect();
    let matching = matching(&features, names, columns);
    for (found, (feature, expected)) in matching.features.iter().zip(expected) {
        assert_eq!((found.feature.as_str(), told(&found.outcome).as_str()), (*feature, *expected));
    }
    matching
}

#[test]
fn names_are_found_to_the_letter() {
    let matching = check(&["A", "B", "C"], &[], &[("C", "2: name"), ("A", "0: name")]);
    assert_eq!(matching.positions().unwrap(), [2, 0]);
    assert!(matching.is_by_exact_names());
    let matching = check(&["A", "b", "B2"], &[], &[("B", "missing, but b"), ("A", "0: name"), ("D", "missing")]);
    assert_eq!((matching.positions(), matching.missing()), (None, vec!["B", "D"]));
    assert!(!matching.is_by_exact_names());
    for names in [["cd3e", "Cd3e", "cD3E"], ["Cd3e", "cD3E", "cd3e"], ["cD3E", "cd3e", "Cd3e"]] {
        check(&names, &[], &[("CD3E", "missing, but Cd3e")]);
    }
}

#[test]
fn versions_of_ensembl_ids_do_not_count() {
    let names = ["ENSG00000000001.4", "ENSG00000000002", "ENSMUSG00000000001.4", "ENSG00000000003.1_PAR_Y"];
    let matching = check(
        &names,
        &[],
        &[
            ("ENSG00000000001.5", "0: name (other version)"),
            ("ENSG00000000002.1", "1: name (other version)"),
            ("ENSMUSG00000000001", "2: name (other version)"),
            ("ENSG00000000003.1", "missing"),
        ],
    );
    assert_eq!(matching.n_by_way().values().copied().collect::<Vec<_>>(), [3]);
    assert_eq!(matching.n_by_way().keys().next().unwrap().likeness, Likeness::OtherVersion);
    // The same version counts first, and of two others nobody knows which is meant.
    let names = ["ENSG00000000001.1", "ENSG00000000001.2", "ENSG00000000002.1", "ENSG00000000002.2"];
    let expected = [("ENSG00000000001.2", "1: name"), ("ENSG00000000002", "several [2, 3]: name (other version)")];
    check(&names, &[], &expected);
    let expected = [
        ("ENSG00000000001.7", "several [0]: name (other version)"),
        ("ENSG00000000001.8", "several [0]: name (other version)"),
    ];
    check(&["ENSG00000000001.1"], &[], &expected);
}

#[test]
fn names_that_stand_several_times_are_taken_in_order_when_the_model_has_all() {
    let in_order = "name (by order)";
    let check_order = |names: &[&str], expected: &[(&str, &str)]| {
        let expected: Vec<(&str, String)> =
            expected.iter().map(|(feature, text)| (*feature, text.replace('~', in_order))).collect();
        let expected: Vec<(&str, &str)> = expected.iter().map(|(feature, text)| (*feature, text.as_str())).collect();
        check(names, &[], &expected);
    };
    check_order(&["A", "B", "A"], &[("A", "0: ~"), ("B", "1: name"), ("A", "2: ~")]);
    check_order(&["A", "B", "A"], &[("A", "several [0, 2]: name")]);
    check_order(&["A"], &[("A", "several [0]: name"), ("A", "several [0]: name")]);
    // The model's names were made unique, the data's were not.
    check_order(&["A", "A", "A"], &[("A-2", "2: ~"), ("A", "0: ~"), ("A-1", "1: ~")]);
    check_order(&["A", "A", "A"], &[("A", "several [0, 1, 2]: name"), ("A-1", "missing")]);
    check_order(&["A", "A"], &[("A", "several [0, 1]: name"), ("A-1", "missing"), ("A-2", "missing")]);
    check_order(&["A", "A", "A-1"], &[("A", "several [0, 1]: name"), ("A-1", "2: name")]);
    check_order(&["A", "B"], &[("A", "0: name"), ("A-1", "missing"), ("A-0", "missing"), ("B", "1: name")]);
    // Made unique on both sides, or symbols that merely look so.
    check_order(&["A-1", "NKX2-1", "A"], &[("A", "2: name"), ("A-1", "0: name"), ("NKX2-1", "1: name")]);
    check_order(&["A", "A"], &[("A", "0: ~"), ("A-1", "1: ~"), ("A-01", "missing"), ("A-+1", "missing")]);
}

#[test]
fn columns_with_identifiers_are_searched() {
    let names = ["ENSG00000000001.1", "ENSG00000000002.1", "ENSG00000000003.1"];
    let symbols: (&str, &[&str]) = ("what_it_is_called", &["A", "B", "C"]);
    let matching =
        check(&names, &[symbols], &[("C", "2: column what_it_is_called"), ("A", "0: column what_it_is_called")]);
    let searched: Vec<_> =
        matching.searched.iter().map(|list| (list.column.as_deref(), list.kinds.to_string())).collect();
    let versions = "Ensembl ids with versions".to_owned();
    assert_eq!(searched, [(None, versions), (Some("what_it_is_called"), "gene symbols".to_owned())]);
    assert_eq!(matching.wanted.to_string(), "gene symbols");

    let ids: (&str, &[&str]) = ("gene_ids", &["ENSG00000000001.1", "", "ENSG00000000003"]);
    let expected =
        [("A", "0: name"), ("ENSG00000000002", "missing"), ("ENSG00000000003.9", "2: column gene_ids (other version)")];
    check(&["A", "B", "C"], &[ids], &expected);
    check(&["A", "B"], &[("gene_ids", &["", ""]), ("symbol", &["", ""])], &[("", "missing")]);
}

#[test]
fn categories_are_columns_of_texts_too() {
    let mut var = Table::new(3);
    let labels = Labels::from_optional_texts(&[Some("B"), None, Some("A")]);
    var.insert("feature_name", Column::Labels(labels)).unwrap();
    var.insert("length", Column::Integers(vec![1, 2, 3])).unwrap();
    let genes = Genes::new(["x", "y", "z"]);
    assert_eq!(match_genes(&texts(&["A", "B"]), &genes, &var).unwrap().positions().unwrap(), [2, 0]);
    assert_eq!(match_genes(&texts(&["1"]), &genes, &var).unwrap().missing(), ["1"]);
}

#[test]
fn what_is_known_about_genes_does_not_identify_them() {
    let names = ["p0", "p1", "p2", "p3"];
    // Two peaks near one gene; only its usual name makes such a column one of identifiers, and then it is not known which.
    let nearest: &[&str] = &["A", "A", "B", "C"];
    check(&names, &[("nearest_gene", nearest)], &[("B", "missing")]);
    check(
        &names,
        &[("Gene_Name", nearest)],
        &[("B", "2: column Gene_Name"), ("A", "several [0, 1]: column Gene_Name")],
    );
    let ligand_of: &[&str] = &["A", "", "", ""];
    check(&names, &[("ligand_of", ligand_of)], &[("A", "missing")]);
}

#[test]
fn the_column_that_finds_most_comes_first_and_contradictions_are_told() {
    let names = ["x", "y", "z"];
    let (old, new): (&[&str], &[&str]) = (&["B", "A", "C"], &["A", "E", "D"]);
    let found = [("A", "0: column new; not by old"), ("D", "2: column new"), ("E", "1: column new")];
    let matching = check(&names, &[("old", old), ("new", new)], &found);
    assert_eq!(matching.n_contradicted(), 1);
    // Of two that find as many, the one with a usual name, then the first.
    let first = |columns: Columns<'_>, expected: &str| {
        check(&names, columns, &[("A", expected)]);
    };
    first(&[("old", old), ("new", new)], "1: column old; not by new");
    first(&[("old", old), ("gene_symbols", new)], "0: column gene_symbols; not by old");
    // A name is believed, whatever columns say.
    let matching = check(&["A", "y", "z"], &[("old", old)], &[("A", "0: name")]);
    assert!(matching.is_by_exact_names());
    // What only the lesser column finds is found there.
    check(&names, &[("old", old), ("new", new)], &[found[1], found[2], ("B", "0: column old")]);
}

#[test]
fn one_gene_is_not_two_features() {
    let ids: (&str, &[&str]) = ("gene_ids", &["ENSG00000000001", "ENSG00000000002"]);
    let expected = [
        ("A", "shared 0: name"),
        ("ENSG00000000001", "shared 0: column gene_ids"),
        ("ENSG00000000002", "1: column gene_ids"),
    ];
    let matching = check(&["A", "B"], &[ids], &expected);
    assert_eq!((matching.positions(), matching.missing()), (None, vec![]));
}

#[test]
fn annotation_of_other_genes_is_refused() {
    let error = match_genes(&[], &Genes::new(["A"]), &Table::new(2)).unwrap_err();
    assert!(matches!(error, IoError::Core(CoreError::LengthMismatch { expected: 1, found: 2, .. })), "{error}");
    let of_nothing = match_genes(&[], &Genes::default(), &Table::default()).unwrap();
    assert!(of_nothing.is_by_exact_names() && of_nothing.positions().is_some_and(|positions| positions.is_empty()));
}

/// Names that stand several times, in other letters, with numbers, and ids with and without versions.
const POOL: [&str; 12] = [
    "A",
    "A",
    "A-1",
    "A-2",
    "a",
    "B",
    "B-1",
    "C",
    "ENSG00000000001",
    "ENSG00000000001.1",
    "ENSG00000000001.2",
    "ENSG00000000002.1",
];

fn some_names(n: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(&POOL[..]), n)
}

/// What became of each feature, with rows of the data (name and columns) instead of places.
fn by_rows(features: &[&str], rows: &[[&str; 3]]) -> Vec<String> {
    let column = |place: usize| rows.iter().map(|row| row[place]).collect::<Vec<&str>>();
    let (names, ids, symbols) = (column(0), column(1), column(2));
    let matching = matching(features, &names, &[("gene_ids", &ids), ("called", &symbols)]);
    let told = |outcome: &MatchOutcome| match outcome {
        MatchOutcome::Found { place, way, contradicted_by } => format!("{:?} {way} {contradicted_by:?}", rows[*place]),
        MatchOutcome::Shared { place, way } => format!("shared {:?} {way}", rows[*place]),
        MatchOutcome::Missing { in_other_case } => format!("missing {in_other_case:?}"),
        MatchOutcome::Several { places, way } => {
            let mut rows: Vec<[&str; 3]> = places.iter().map(|&place| rows[place]).collect();
            rows.sort_unstable();
            format!("several {rows:?} {way}")
        }
    };
    matching.features.iter().map(|found| told(&found.outcome)).collect()
}

/// Neighbours change places, but for rows that have a value in common: the order of these may count.
fn reordered<'a>(rows: &[[&'a str; 3]], swaps: &[prop::sample::Index]) -> Vec<[&'a str; 3]> {
    let mut rows = rows.to_vec();
    for swap in swaps.iter().filter(|_| rows.len() > 1).map(|swap| swap.index(rows.len() - 1)).collect::<Vec<_>>() {
        if rows[swap].iter().zip(&rows[swap + 1]).all(|(a, b)| a != b) {
            rows.swap(swap, swap + 1);
        }
    }
    rows
}

proptest! {
    /// The order of the data's genes decides nothing but which is which of several with one name.
    #[test]
    fn the_order_of_the_genes_does_not_count(
        rows in prop::collection::vec(some_names(3).prop_map(|row| [row[0], row[1], row[2]]), 1..9),
        swaps in prop::collection::vec(any::<prop::sample::Index>(), 30),
        features in (1..6_usize).prop_flat_map(some_names),
    ) {
        prop_assert_eq!(by_rows(&features, &rows), by_rows(&features, &reordered(&rows, &swaps)));
    }

    /// What is found is there, once.
    #[test]
    fn what_is_found_is_the_feature(
        names in (1..9_usize).prop_flat_map(some_names),
        features in (1..6_usize).prop_flat_map(some_names),
    ) {
        let found = matching(&features, &names, &[]);
        let mut places = Vec::new();
        for (found, feature) in found.features.iter().zip(&features) {
            prop_assert_eq!(matches!(found.outcome, MatchOutcome::Missing { .. }) && names.contains(feature), false);
            let MatchOutcome::Found { place, way, .. } = &found.outcome else { continue };
            places.push(*place);
            let (stem, name) = (feature.trim_end_matches(|c: char| c.is_ascii_digit()), names[*place]);
            match way.likeness {
                Likeness::Same => prop_assert_eq!(name, *feature),
                Likeness::InOrder => prop_assert!(name == *feature || stem.trim_end_matches('-') == name),
                Likeness::OtherVersion => prop_assert_eq!(&name[..15], &feature[..15]),
            }
        }
        let n_places = places.len();
        places.sort_unstable();
        places.dedup();
        prop_assert_eq!(places.len(), n_places);
    }
}
