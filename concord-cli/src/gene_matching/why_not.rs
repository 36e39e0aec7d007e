//! What to say when genes of a model are not found.

use concord_core::Genes;
use concord_io::{FeatureMatch, GeneMatching, GeneNameKinds, IdentifierList, Likeness, MatchOutcome};

use super::{Missing, Whose};
use crate::names::nearest_few;

/// Genes that are listed in a message.
const N_LISTED: usize = 10;

/// Why not all genes were found, which they are, and what to do.
pub(super) fn why_not(matching: &GeneMatching, whose: Whose, genes: &Genes, missing: Missing) -> String {
    let is_unclear =
        |found: &&FeatureMatch| !matches!(found.outcome, MatchOutcome::Found { .. } | MatchOutcome::Missing { .. });
    let unclear: Vec<&FeatureMatch> = matching.features.iter().filter(is_unclear).collect();
    let not_found = matching.missing();
    if let Some(first) = not_found.first().filter(|_| missing == Missing::Refuse || unclear.is_empty()) {
        return not_there(matching, whose, &not_found, first, genes);
    }
    let others = match unclear.len() {
        0 | 1 => String::new(),
        n_genes => {
            format!("; so it is with {n_genes} genes in all: {}", listed(unclear.iter().map(|found| &found.feature)))
        }
    };
    unclear.first().map_or_else(String::new, |first| not_clear(matching, whose, first, genes)) + &others
}

/// Which genes are missing, what is most like them, and whether the data have names of another kind.
fn not_there(matching: &GeneMatching, whose: Whose, missing: &[&str], first: &str, genes: &Genes) -> String {
    let same_matrix = match whose {
        Whose::Model => "choose the matrix that the model was trained on with --layer or --use-raw",
        Whose::List => "correct the list, or choose another matrix with --layer or --use-raw",
    };
    let (other_kind, advice) =
        other_kind(matching, whose, missing).unwrap_or_else(|| (String::new(), same_matrix.to_owned()));
    format!(
        "{} of {} {} genes are not in the matrix: {}{other_kind}{}; the nearest to {first} are: {}; {advice}",
        missing.len(),
        whose.genes(),
        matching.features.len(),
        listed(missing),
        in_other_case(matching),
        nearest_few(first, genes.names().iter().map(String::as_str))
    )
}

/// That the model and the data name genes in different ways, and what the data would need.
fn other_kind(matching: &GeneMatching, whose: Whose, missing: &[&str]) -> Option<(String, String)> {
    let wanted = GeneNameKinds::of(missing.iter().copied()).most_frequent()?;
    let has_wanted = |list: &IdentifierList| list.kinds.most_frequent().is_some_and(|kind| kind.is_like(wanted));
    let (names, columns) = matching.searched.split_first()?;
    if has_wanted(names) {
        return None;
    }
    let in_var = match columns.iter().find(|list| has_wanted(list)).and_then(|list| list.column.as_ref()) {
        None => format!("no column of {wanted} in var"),
        Some(column) => format!("not all of them in column {column} of var"),
    };
    let difference = format!("; {} has {}, the matrix has {} and {in_var}", whose.name(), matching.wanted, names.kinds);
    Some((difference, format!("put the {wanted} of its genes into a column of var")))
}

/// How many of the missing genes are there in other letters.
fn in_other_case(matching: &GeneMatching) -> String {
    let in_other_case = matching.features.iter().filter_map(|found| match &found.outcome {
        MatchOutcome::Missing { in_other_case: Some(name) } => Some((&found.feature, name)),
        _ => None,
    });
    let in_other_case: Vec<(&String, &String)> = in_other_case.collect();
    in_other_case.first().map_or_else(String::new, |(feature, name)| {
        format!(
            "; {} of them are there in other upper and lower case ({name} for {feature}), which may mean another species \
             and is no match",
            in_other_case.len()
        )
    })
}

/// Why a gene that is there is not found.
fn not_clear(matching: &GeneMatching, whose: Whose, found: &FeatureMatch, genes: &Genes) -> String {
    let feature = &found.feature;
    let name = |place: &usize| genes.names()[*place].as_str();
    match &found.outcome {
        MatchOutcome::Several { places, way } if way.likeness == Likeness::OtherVersion => format!(
            "gene {feature} is in the matrix in other versions ({}), and it is not known which is which: leave one version of \
             each gene in the file",
            listed(places.iter().map(name))
        ),
        MatchOutcome::Several { places, way } => {
            let n_wanted = matching.features.iter().filter(|other| other.feature == *feature).count();
            let (place, advice) = match &way.column {
                None => (
                    "the matrix".to_owned(),
                    match whose {
                        Whose::Model => "make the names unique (var_names_make_unique in Python) and train again",
                        Whose::List => "make the names unique (var_names_make_unique in Python)",
                    },
                ),
                Some(column) => (format!("column {column} of var"), "leave one of them in that column"),
            };
            format!(
                "gene {feature} stands {} times in {place} and {n_wanted} times in {}, so it is not known which is which: \
                 {advice}",
                places.len(),
                whose.name()
            )
        }
        MatchOutcome::Shared { place, .. } => {
            let sharing = matching.features.iter().filter_map(|other| match &other.outcome {
                MatchOutcome::Shared { place: shared, way } if shared == place => {
                    Some(format!("{} by {way}", other.feature))
                }
                _ => None,
            });
            format!(
                "several genes of {} are gene {} of the matrix: {}; correct that column, or take it out of var",
                whose.name(),
                name(place),
                sharing.collect::<Vec<_>>().join(" and ")
            )
        }
        MatchOutcome::Found { .. } | MatchOutcome::Missing { .. } => String::new(),
    }
}

/// The first names of a list.
fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<S> = names.into_iter().collect();
    let shown: Vec<&str> = names.iter().take(N_LISTED).map(AsRef::as_ref).collect();
    let more = if names.len() > N_LISTED { ", ..." } else { "" };
    shown.join(", ") + more
}
