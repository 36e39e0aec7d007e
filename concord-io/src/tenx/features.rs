use std::collections::{HashMap, HashSet};
use std::path::Path;

use concord_core::Column;

use super::TenxOptions;
use crate::IoError;
use crate::values::select_values;

/// How 10x calls the features that are genes.
const GENE_EXPRESSION: &str = "Gene Expression";

/// The features of which a matrix is taken, of those that were counted side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FeatureType {
    /// Genes. All features of files that name no types, as those of Cell Ranger 2.
    #[default]
    GeneExpression,
    /// Those of the type of this name, such as `Antibody Capture` or `Peaks`.
    Named(String),
    /// All of them.
    All,
}

impl FeatureType {
    /// The type's name; `None` for all.
    fn name(&self) -> Option<&str> {
        match self {
            Self::GeneExpression => Some(GENE_EXPRESSION),
            Self::Named(name) => Some(name),
            Self::All => None,
        }
    }
}

/// What a 10x input says about its features, in the order of the matrix's columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TenxFeatures {
    /// Their names: symbols of genes. Several features can have the same, see [`make_unique`](crate::make_unique).
    pub names: Vec<String>,
    /// Their identifiers: those of Ensembl, mostly. `None` when the input has none.
    pub ids: Option<Vec<String>>,
    /// Their types, such as `Gene Expression`; `None` in the format of Cell Ranger 2.
    pub types: Option<Vec<String>>,
    /// Their genomes; `None` when the input does not tell.
    pub genomes: Option<Vec<String>>,
    /// What else is told about them, by its name in the file: sequences of antibody tags, and the like.
    pub other: Vec<(String, Column)>,
}

impl TenxFeatures {
    /// Number of features.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The features at the given places, in that order.
    ///
    /// # Panics
    /// If a place is out of range.
    #[must_use]
    pub fn select(&self, places: &[usize]) -> Self {
        let texts = |texts: &Vec<String>| places.iter().map(|&place| texts[place].clone()).collect();
        let other = self.other.iter().map(|(name, column)| (name.clone(), select_values(column, places)));
        Self {
            names: texts(&self.names),
            ids: self.ids.as_ref().map(texts),
            types: self.types.as_ref().map(texts),
            genomes: self.genomes.as_ref().map(texts),
            other: other.collect(),
        }
    }

    /// The types of which none is among the chosen features, in the order in which they come, and the number of features of
    /// each.
    pub(super) fn types_without(&self, chosen: &Self) -> Vec<(String, usize)> {
        let mut n_features: HashMap<&String, usize> = HashMap::new();
        self.types.iter().flatten().for_each(|name| *n_features.entry(name).or_default() += 1);
        for name in chosen.types.iter().flatten() {
            n_features.remove(name);
        }
        let types = distinct(self.types.as_ref()).into_iter();
        types.filter_map(|name| n_features.get(&name).map(|&n_features| (name.clone(), n_features))).collect()
    }

    /// The places of the features that the options ask for; `None` for all. `path` is for messages.
    pub(super) fn chosen(&self, path: &Path, options: &TenxOptions) -> Result<Option<Vec<usize>>, IoError> {
        let genome = options.genome.as_deref();
        // Without types all features are genes.
        let feature_type = match (&self.types, &options.feature_type) {
            (None, FeatureType::GeneExpression) => None,
            (_, feature_type) => feature_type.name(),
        };
        let path = || path.to_owned();
        if let Some(wanted) = genome.filter(|wanted| !contains(self.genomes.as_ref(), wanted)) {
            let available = distinct(self.genomes.as_ref());
            return Err(IoError::Genome { path: path(), wanted: Some(wanted.to_owned()), available });
        }
        if let Some(wanted) = feature_type.filter(|wanted| !contains(self.types.as_ref(), wanted)) {
            let available = distinct(self.types.as_ref());
            return Err(IoError::FeatureType { path: path(), wanted: wanted.to_owned(), available });
        }
        let keeps = |values: &Option<Vec<String>>, wanted: Option<&str>, place: usize| match (values, wanted) {
            (Some(values), Some(wanted)) => values[place] == wanted,
            _ => true,
        };
        let places = (0..self.len())
            .filter(|&place| keeps(&self.genomes, genome, place) && keeps(&self.types, feature_type, place));
        let chosen: Vec<usize> = places.collect();
        Ok((chosen.len() < self.len()).then_some(chosen))
    }
}

fn contains(texts: Option<&Vec<String>>, wanted: &str) -> bool {
    texts.is_some_and(|texts| texts.iter().any(|text| text == wanted))
}

/// The different texts, in the order in which they come.
fn distinct(texts: Option<&Vec<String>>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.into_iter().flatten().filter(|text| seen.insert(text.as_str())).cloned().collect()
}
