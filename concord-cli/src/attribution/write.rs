//! Results as rows of tables and as parts of an h5ad file.

use std::io::Write;

use concord_core::Dense;
use concord_io::UnsValue;
use rayon::prelude::*;

use super::{ContextResult, TargetResult};
use crate::tables::{RankedGene, TrustRow, header, rows_csv};

/// Genes of a list that are kept in `uns`; the table has all.
const N_IN_UNS: usize = 100;

/// The ranked lists as rows.
pub(crate) fn ranked_rows(results: &[ContextResult], genes: &[String]) -> Vec<RankedGene> {
    let targets = results.iter().flat_map(|context| context.targets.iter().map(move |target| (context, target)));
    targets.flat_map(|(context, target)| rows_of(context, target, genes)).collect()
}

/// The ranked list of one target as rows.
fn rows_of(context: &ContextResult, target: &TargetResult, genes: &[String]) -> Vec<RankedGene> {
    let row = |ranked: &concord_attr::RankedGene| RankedGene {
        context: context.name.clone(),
        target: target.name.clone(),
        rank: ranked.rank,
        gene: genes[ranked.gene].clone(),
        importance: f64::from(ranked.importance),
        mean_expression: ranked.mean_expression,
        nonzero_fraction: ranked.nonzero_fraction,
        difference: ranked.difference,
    };
    target.list.iter().map(row).collect()
}

/// Writes the ranked lists as CSV, those of a context at a time: of all neurons they are millions of rows.
pub(crate) fn write_ranked(to: &mut dyn Write, results: &[ContextResult], genes: &[String]) -> anyhow::Result<()> {
    to.write_all(&header::<RankedGene>())?;
    for context in results {
        let lists = context.targets.par_iter().map(|target| rows_csv(&rows_of(context, target, genes)));
        for list in lists.collect::<anyhow::Result<Vec<_>>>()? {
            to.write_all(&list)?;
        }
    }
    Ok(())
}

/// The trust table's rows.
pub(crate) fn trust_rows(results: &[ContextResult]) -> Vec<TrustRow> {
    results.iter().flat_map(|context| &context.targets).flat_map(|target| target.trust.iter().cloned()).collect()
}

/// Importance of all genes of a file for all targets, `[n_genes, n_columns]`, NaN for genes that are not in the model.
/// `positions` are the places of the model's genes in the file.
pub(crate) fn importance_matrix(results: &[ContextResult], positions: &[usize], n_genes: usize) -> Dense {
    let targets: Vec<_> = results.iter().flat_map(|context| &context.targets).collect();
    let mut matrix = Dense::from_elem((n_genes, targets.len()), f32::NAN);
    for (column, target) in targets.iter().enumerate() {
        for (&gene, &score) in positions.iter().zip(&target.scores) {
            matrix[(gene, column)] = score;
        }
    }
    matrix
}

/// What goes into `uns`: contexts and targets of the columns of the importance matrix, and the first genes of each list.
pub(crate) fn ranked_uns(results: &[ContextResult], genes: &[String], method: &str, by: &str) -> UnsValue {
    let columns = || results.iter().flat_map(|context| context.targets.iter().map(move |target| (context, target)));
    let names = keys(results.iter().map(|context| context.name.as_str()));
    let lists = results.iter().zip(names).map(|(context, name)| {
        let of_targets = context.targets.iter().map(|target| {
            let first = target.list.iter().take(N_IN_UNS).map(|ranked| genes[ranked.gene].clone());
            (key(&target.name), UnsValue::Texts(first.collect()))
        });
        (name, UnsValue::dict(of_targets))
    });
    UnsValue::dict([
        ("method", UnsValue::from(method)),
        ("by", UnsValue::from(by)),
        ("contexts", UnsValue::Texts(columns().map(|(context, _)| context.name.clone()).collect())),
        ("targets", UnsValue::Texts(columns().map(|(_, target)| target.name.clone()).collect())),
        ("genes", UnsValue::dict(lists)),
    ])
}

/// Keys that tell these names apart.
fn keys<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for name in names {
        let key = key(name);
        let numbered = (2..).map(|number| format!("{key}_{number}"));
        let free = std::iter::once(key.clone()).chain(numbered).find(|key| !keys.contains(key));
        keys.extend(free);
    }
    keys
}

/// A name that can be a key in an h5ad file: slashes part folders there.
fn key(name: &str) -> String {
    let key = name.replace(['/', '\0'], "_");
    if key.is_empty() || key.chars().all(|c| c == '.') { format!("_{key}") } else { key }
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn names_that_differ_by_a_slash_have_keys_of_their_own() {
        assert_eq!(keys(["a/b", "a_b", ".", "", "c"].into_iter()), ["a_b", "a_b_2", "_.", "_", "c"]);
    }
}
