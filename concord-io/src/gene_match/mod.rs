//! Finding the genes of a model in data whose genes may go by other identifiers.

mod kind;
mod result;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use concord_core::{CoreError, Genes, Table};

pub use kind::{GeneNameKind, GeneNameKinds};
pub use result::{FeatureMatch, GeneMatching, IdentifierList, Likeness, MatchOutcome, MatchWay};
use source::{Answer, Source, Wanted};

use crate::IoError;

/// Finds each feature of a model among the genes of a data set, `genes` and their annotation `var` (as many rows).
///
/// A feature is looked up in the names of the genes first, then in the columns of `var` that hold identifiers: texts that
/// tell genes apart, or columns of a usual name (`gene_ids`, `feature_name`, `gene_symbols` and the like). Columns come in
/// the order of how many features they find beyond the names; of equal ones first those with a usual name, then as in the
/// table. In each of these lists, the same text counts before an Ensembl id with another version. The first list that knows
/// the feature decides, even if only that it could be several genes. Upper and lower case always count.
///
/// Features and places may be in any order: it decides nothing but which is which of several genes with one name, and only
/// where the model has all of them.
///
/// # Errors
/// [`IoError::Core`] when `var` has another number of rows than there are genes.
///
/// # Examples
/// ```
/// use concord_core::{Column, Genes, Table};
/// use concord_io::match_genes;
///
/// let genes = Genes::new(["CD3E", "LYZ"]);
/// let mut var = Table::new(2);
/// let ids = ["ENSG00000198851.11", "ENSG00000090382.7"].map(|id| Some(id.to_owned()));
/// var.insert("gene_ids", Column::Texts(ids.to_vec()))?;
///
/// let features = ["LYZ".to_owned(), "ENSG00000198851".to_owned()];
/// let matching = match_genes(&features, &genes, &var)?;
/// assert_eq!(matching.positions(), Some(vec![1, 0]));
/// let ways: Vec<String> = matching.n_by_way().keys().map(|way| way.to_string()).collect();
/// assert_eq!(ways, ["name", "column gene_ids (other version)"]);
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn match_genes(features: &[String], genes: &Genes, var: &Table) -> Result<GeneMatching, IoError> {
    if var.n_rows() != genes.len() {
        let (expected, found) = (genes.len(), var.n_rows());
        return Err(CoreError::LengthMismatch { what: "annotation of genes", expected, found }.into());
    }
    let wanted = Wanted::new(features);
    let sources = sources(&wanted, features.len(), genes, var);
    let mut outcomes: Vec<MatchOutcome> =
        (0..features.len()).map(|feature| outcome(&sources, &wanted, feature)).collect();
    refuse_shared(&mut outcomes);
    suggest_other_case(&mut outcomes, features, &sources);
    let matched = features.iter().cloned().zip(outcomes);
    Ok(GeneMatching {
        features: matched.map(|(feature, outcome)| FeatureMatch { feature, outcome }).collect(),
        wanted: GeneNameKinds::of(features.iter().map(String::as_str)),
        searched: sources
            .iter()
            .map(|source| IdentifierList { column: source.column.map(str::to_owned), kinds: source.kinds() })
            .collect(),
    })
}

/// The names, then the columns in the order in which they are asked.
fn sources<'a>(wanted: &Wanted<'a>, n_features: usize, genes: &'a Genes, var: &'a Table) -> Vec<Source<'a>> {
    let names = Source::of_names(genes.names());
    let unknown: Vec<usize> = (0..n_features).filter(|&feature| names.answer(wanted, feature).is_none()).collect();
    let n_found = |source: &Source<'a>| {
        let is_found = |&&feature: &&usize| matches!(source.answer(wanted, feature), Some(Answer::Found(..)));
        unknown.iter().filter(is_found).count()
    };
    let mut columns = Source::of_columns(var);
    columns.sort_by_cached_key(|column| std::cmp::Reverse(n_found(column)));
    [names].into_iter().chain(columns).collect()
}

/// What the first list says that knows the feature.
fn outcome<'a>(sources: &[Source<'a>], wanted: &Wanted<'a>, feature: usize) -> MatchOutcome {
    let mut answers = sources.iter().filter_map(|source| source.answer(wanted, feature).map(|answer| (source, answer)));
    match answers.next() {
        None => MatchOutcome::Missing { in_other_case: None },
        Some((source, Answer::Several(places, likeness))) => {
            MatchOutcome::Several { places, way: source.way(likeness) }
        }
        Some((source, Answer::Found(place, likeness))) => {
            let way = source.way(likeness);
            let contradicts = |answer: &Answer| match answer {
                Answer::Found(other, _) => *other != place,
                Answer::Several(others, _) => !others.contains(&place),
            };
            let contradicted_by = answers.find(|(_, answer)| contradicts(answer)).and_then(|(source, _)| source.column);
            let contradicted_by = contradicted_by.filter(|_| !way.is_exact_name()).map(str::to_owned);
            MatchOutcome::Found { place, way, contradicted_by }
        }
    }
}

/// No gene can be two features: the model learned them as two.
fn refuse_shared(outcomes: &mut [MatchOutcome]) {
    let mut n_at: HashMap<usize, usize> = HashMap::new();
    for outcome in outcomes.iter() {
        if let MatchOutcome::Found { place, .. } = outcome {
            *n_at.entry(*place).or_default() += 1;
        }
    }
    for outcome in outcomes {
        if let MatchOutcome::Found { place, way, .. } = outcome
            && n_at[place] > 1
        {
            *outcome = MatchOutcome::Shared { place: *place, way: way.clone() };
        }
    }
}

/// Notes for missing features what is like them but for upper and lower case; of several, the first in the alphabet.
fn suggest_other_case(outcomes: &mut [MatchOutcome], features: &[String], sources: &[Source<'_>]) {
    let is_missing = |outcome: &MatchOutcome| matches!(outcome, MatchOutcome::Missing { .. });
    let missing = features.iter().zip(outcomes.iter()).filter(|(_, outcome)| is_missing(outcome));
    let missing: HashSet<String> = missing.map(|(feature, _)| feature.to_lowercase()).collect();
    if missing.is_empty() {
        return;
    }
    let mut alike: HashMap<String, &str> = HashMap::new();
    for value in sources.iter().flat_map(Source::values) {
        let lower = value.to_lowercase();
        if missing.contains(&lower) {
            let first = alike.entry(lower).or_insert(value);
            *first = (*first).min(value);
        }
    }
    for (feature, outcome) in features.iter().zip(outcomes) {
        if let MatchOutcome::Missing { in_other_case } = outcome {
            *in_other_case = alike.get(&feature.to_lowercase()).map(|&name| name.to_owned());
        }
    }
}
