use std::collections::HashMap;

use concord_core::{Column, Table};

use super::input::Input;
use super::place::ABSENT;
use super::{GeneKey, GeneNames, Join, JoinOptions};
use crate::values::{Source, Value, value};
use crate::{GeneNameKind, IoError, make_unique};

/// What columns with identifiers, and with symbols, are called in the result.
const IDS: &str = "gene_ids";
const SYMBOLS: &str = "gene_symbols";

/// What they are called in h5ad files, in the order in which they are looked for.
const KNOWN_IDS: [&str; 5] = [IDS, "gene_id", "ensembl_id", "ensembl_ids", "feature_id"];
const KNOWN_SYMBOLS: [&str; 6] = [SYMBOLS, "gene_symbol", "gene_name", "gene_names", "feature_name", "symbol"];

/// The genes of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputGenes {
    pub(super) names: Vec<String>,
    pub(super) ids: Option<Vec<String>>,
}

impl InputGenes {
    /// Finds names and identifiers in an index and the columns beside it. Returns the other columns too.
    ///
    /// An index of Ensembl's identifiers has symbols in a column, if it has any. Another has identifiers in a column; or it
    /// consists of identifiers itself when there is a column of symbols of the name that we give it.
    pub(super) fn of_frame(index: Vec<String>, columns: &Table) -> Result<(Self, Table), IoError> {
        let are_ids = index.iter().all(|name| GeneNameKind::of(name).is_like(GeneNameKind::EnsemblId));
        let known: &[&str] = if are_ids { &KNOWN_SYMBOLS } else { &KNOWN_IDS };
        let found = known.iter().find_map(|&name| Some((name, texts(columns, name)?)));
        let found = found.or_else(|| Some((SYMBOLS, texts(columns, SYMBOLS)?)));
        let mut others = Table::new(index.len());
        let taken = found.as_ref().map(|&(name, _)| name);
        for (name, column) in columns.iter().filter(|&(name, _)| Some(name) != taken) {
            others.insert(name, column.clone())?;
        }
        let genes = match found {
            Some((name, ids)) if KNOWN_IDS.contains(&name) => Self { names: index, ids: Some(ids) },
            Some((_, names)) => Self { names, ids: Some(index) },
            None if are_ids => Self { names: index.clone(), ids: Some(index) },
            None => Self { names: index, ids: None },
        };
        Ok((genes, others))
    }
}

/// A column of texts of which none is missing or empty.
fn texts(columns: &Table, name: &str) -> Option<Vec<String>> {
    let column = columns.get(name)?;
    let text = |row| match value(column, row) {
        Value::Text(text) if !text.is_empty() => Some(text.to_owned()),
        _ => None,
    };
    (0..column.len()).map(text).collect()
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Names and identifiers of two genes with these columns, and the columns that are left.
    fn of_frame(index: [&str; 2], columns: &[(&str, [&str; 2])]) -> (Vec<String>, Option<Vec<String>>, Vec<String>) {
        let mut table = Table::new(2);
        for (name, texts) in columns {
            table.insert(*name, Column::Texts(texts.map(|text| Some(text.to_owned())).to_vec())).unwrap();
        }
        let (genes, others) = InputGenes::of_frame(index.map(str::to_owned).to_vec(), &table).unwrap();
        (genes.names, genes.ids, others.names().map(str::to_owned).collect())
    }

    #[test]
    fn identifiers_are_found_where_programs_put_them() {
        let (symbols, ids) = (["TP53", "CD3E"], ["ENSG00000141510", "ENSG00000198851.11"]);
        let owned = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let both = (owned(symbols), Some(owned(ids)), vec!["chromosome".to_owned()]);
        let chromosome = ("chromosome", ["17", "11"]);
        for name in ["gene_ids", "feature_id"] {
            assert_eq!(of_frame(symbols, &[chromosome, (name, ids)]), both);
        }
        for name in ["gene_symbols", "feature_name"] {
            assert_eq!(of_frame(ids, &[(name, symbols), chromosome]), both);
        }
        let other_ids = ["FBgn0000008", "YFG1"];
        assert_eq!(of_frame(other_ids, &[("gene_symbols", symbols)]), (owned(symbols), Some(owned(other_ids)), vec![]));
        assert_eq!(of_frame(ids, &[]), (owned(ids), Some(owned(ids)), vec![]));
        assert_eq!(
            of_frame(symbols, &[("gene_ids", ["x", ""])]),
            (owned(symbols), None, owned(["gene_ids", ""])[..1].to_vec())
        );
    }
}
