use std::collections::HashMap;

use concord_core::{Column, Table};

use super::input::Input;
use super::place::ABSENT;
use super::{GeneKey, GeneNames, Join, JoinOptions};
use crate::values::{Source, Value, value};
use crate::{IoError, make_unique};

/// The columns of `var` that names and identifiers of genes are in, when they are not its index.
const IDS: &str = "gene_ids";
const SYMBOLS: &str = "gene_symbols";

/// The genes of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputGenes {
    pub(super) names: Vec<String>,
    pub(super) ids: Option<Vec<String>>,
}

impl InputGenes {
    /// Finds names and identifiers in an index and the columns beside it. Returns the other columns too.
    pub(super) fn of_frame(index: Vec<String>, columns: &Table) -> Result<(Self, Table), IoError> {
        let (ids, symbols) = (texts(columns, IDS), texts(columns, SYMBOLS));
        let mut others = Table::new(index.len());
        for (name, column) in columns.iter().filter(|(name, _)| ![IDS, SYMBOLS].contains(name)) {
            others.insert(name, column.clone())?;
        }
        let genes = match (ids, symbols) {
            (Some(ids), _) => Self { names: index, ids: Some(ids) },
            (None, Some(names)) => Self { names, ids: Some(index) },
            (None, None) if index.iter().all(|name| looks_like_ensembl(name)) => {
                Self { names: index.clone(), ids: Some(index) }
            }
            (None, None) => Self { names: index, ids: None },
        };
        Ok((genes, others))
    }
}

/// A column of texts of which none is missing.
fn texts(columns: &Table, name: &str) -> Option<Vec<String>> {
    let column = columns.get(name)?;
    let text = |row| match value(column, row) {
        Value::Text(text) => Some(text.to_owned()),
        _ => None,
    };
    (0..column.len()).map(text).collect()
}

/// `ENSG00000141510`, `ENSMUSG00000000001.5`: letters, at least six digits, and perhaps a version.
fn looks_like_ensembl(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("ENS") else { return false };
    let digits = rest.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let digits = digits.split_once('.').map_or(digits, |(digits, _)| digits);
    digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The genes of all inputs.
#[derive(Debug)]
pub(super) struct JoinedGenes {
    pub(super) key: GeneKey,
    /// What the genes are called, made unique.
    pub(super) names: Vec<String>,
    /// By what else they are known: identifiers when they are called by their symbols, and the other way round.
    pub(super) other_names: Option<Vec<String>>,
    /// For each gene, its first appearance.
    pub(super) sources: Vec<Source>,
    /// For each input, the new place of each of its genes; [`ABSENT`] when it is left out.
    pub(super) places: Vec<Vec<u32>>,
    /// Names or identifiers that stood twice in an input, and were made unique to be matched.
    pub(super) n_repeated: usize,
    /// Names that stood twice in the result, and were made unique.
    pub(super) n_renamed: usize,
    /// Genes that inputs call by different names, though their identifiers are the same.
    pub(super) n_called_differently: usize,
}

impl JoinedGenes {
    pub(super) fn new(inputs: &[Input], options: &JoinOptions) -> Result<Self, IoError> {
        let without_ids = inputs.iter().find(|input| input.genes.ids.is_none());
        if let (GeneNames::Ids, Some(input)) = (options.gene_names, without_ids) {
            return Err(IoError::NoGeneIds { path: input.path.clone() });
        }
        let key = if without_ids.is_some() { GeneKey::Names } else { GeneKey::Ids };
        let (keys, n_repeated) = unique_keys(inputs, key);
        let sources = match options.join {
            Join::Inner => in_all(&keys),
            Join::Outer => in_any(&keys),
        };
        if sources.is_empty() && inputs.len() > 1 {
            let example = |input: &Input| input.genes.names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            return Err(IoError::NoCommonGenes {
                paths: inputs.iter().map(|input| input.path.clone()).collect(),
                examples: inputs.iter().map(example).collect(),
            });
        }
        let places = places(&keys, &sources);
        let n_called_differently = n_called_differently(inputs, &sources, &places);
        let text = |texts: fn(&InputGenes) -> Option<&Vec<String>>| -> Option<Vec<String>> {
            let of = |source: &Source| Some(texts(&inputs[source.table as usize].genes)?[source.row as usize].clone());
            sources.iter().map(of).collect()
        };
        let (symbols, ids) = (text(|genes| Some(&genes.names)), text(|genes| genes.ids.as_ref()));
        let (names, other_names) = match options.gene_names {
            GeneNames::Symbols => (symbols, ids),
            GeneNames::Ids => (ids, symbols),
        };
        let mut names = names.unwrap_or_default();
        let n_renamed = make_unique(&mut names);
        Ok(Self { key, names, other_names, sources, places, n_repeated, n_renamed, n_called_differently })
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

/// What the genes of each input are matched by, and how many were made unique for it.
fn unique_keys(inputs: &[Input], key: GeneKey) -> (Vec<Vec<String>>, usize) {
    let mut n_repeated = 0;
    let keys_of = |input: &Input| {
        let mut keys = match (&input.genes.ids, key) {
            (Some(ids), GeneKey::Ids) => ids.clone(),
            _ => input.genes.names.clone(),
        };
        n_repeated += make_unique(&mut keys);
        keys
    };
    (inputs.iter().map(keys_of).collect(), n_repeated)
}

/// The genes of the first input that all others have too.
fn in_all(keys: &[Vec<String>]) -> Vec<Source> {
    let mut n_inputs: HashMap<&str, usize> = HashMap::new();
    keys.iter().flatten().for_each(|key| *n_inputs.entry(key).or_default() += 1);
    let first = keys.first().into_iter().flatten().zip(0..);
    let in_all = first.filter(|(key, _)| n_inputs.get(key.as_str()) == Some(&keys.len()));
    in_all.map(|(_, row)| Source { table: 0, row }).collect()
}

/// All genes, in the order in which they first appear.
fn in_any(keys: &[Vec<String>]) -> Vec<Source> {
    let mut seen = std::collections::HashSet::new();
    let mut sources = Vec::new();
    for (table, keys) in (0..).zip(keys) {
        let new = keys.iter().zip(0..).filter(|(key, _)| seen.insert(key.as_str()));
        sources.extend(new.map(|(_, row)| Source { table, row }));
    }
    sources
}

/// For each input, the new place of each of its genes.
fn places(keys: &[Vec<String>], sources: &[Source]) -> Vec<Vec<u32>> {
    let key_of = |source: &Source| keys[source.table as usize][source.row as usize].as_str();
    let new_places: HashMap<&str, u32> = sources.iter().map(key_of).zip(0..).collect();
    let place = |key: &String| new_places.get(key.as_str()).copied().unwrap_or(ABSENT);
    keys.iter().map(|keys| keys.iter().map(place).collect()).collect()
}

fn n_called_differently(inputs: &[Input], sources: &[Source], places: &[Vec<u32>]) -> usize {
    let mut differ = vec![false; sources.len()];
    for (input, places) in inputs.iter().zip(places) {
        for (name, &place) in input.genes.names.iter().zip(places) {
            if let Some(source) = sources.get(place as usize) {
                let first = &inputs[source.table as usize].genes.names[source.row as usize];
                differ[place as usize] |= first != name;
            }
        }
    }
    differ.into_iter().filter(|&differs| differs).count()
}

/// The column for [`JoinedGenes::other_names`].
pub(super) fn other_names_column(genes: &JoinedGenes, gene_names: GeneNames) -> Option<(String, Column)> {
    let name = match gene_names {
        GeneNames::Symbols => IDS,
        GeneNames::Ids => SYMBOLS,
    };
    let texts = genes.other_names.as_ref()?;
    Some((name.to_owned(), Column::Texts(texts.iter().cloned().map(Some).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ensembl_identifiers_are_recognised() {
        assert!(
            ["ENSG00000141510", "ENSMUSG00000059552.14", "ENSDARG00000035559"]
                .map(looks_like_ensembl)
                .into_iter()
                .all(|it| it)
        );
        assert!(
            !["TP53", "ENSA", "ENS", "ENSG", "ENSG0000014151x", "", "LOC00000141510"]
                .map(looks_like_ensembl)
                .into_iter()
                .any(|it| it)
        );
    }
}
