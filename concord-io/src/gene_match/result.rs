//! What became of the features.

use std::{collections::BTreeMap, fmt};

use super::GeneNameKinds;

/// How alike a feature and the identifier that it was found by are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Likeness {
    /// They are the same text, which stands once.
    Same,
    /// Several genes have this name, and the model has all of them: under the same name, or as `A`, `A-1`, `A-2`, as anndata
    /// makes names unique. They are taken in their order.
    InOrder,
    /// They are one Ensembl id with two versions, or with and without a version.
    OtherVersion,
}

/// How a feature was found; shown as `name`, `name (other version)` or `column gene_ids`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchWay {
    /// The column of `var` that holds the identifier; none for the name of the gene.
    pub column: Option<String>,
    /// How alike they are.
    pub likeness: Likeness,
}

impl MatchWay {
    /// Whether it is the name of the gene, to the letter, and nothing had to be decided.
    pub fn is_exact_name(&self) -> bool {
        self.column.is_none() && self.likeness == Likeness::Same
    }
}

impl fmt::Display for MatchWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "column {column}")?,
            None => f.write_str("name")?,
        }
        f.write_str(match self.likeness {
            Likeness::Same => "",
            Likeness::InOrder => " (by order)",
            Likeness::OtherVersion => " (other version)",
        })
    }
}

/// What became of a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchOutcome {
    /// It is there.
    Found {
        /// The gene's place in the data, from 0.
        place: usize,
        /// How it was found.
        way: MatchWay,
        /// The first further column of `var` that says it is another gene. Exact names of genes are believed: none for them.
        contradicted_by: Option<String>,
    },
    /// It could be each of several genes, or the model has more of its kind than the data.
    Several {
        /// The genes' places, ascending.
        places: Vec<usize>,
        /// How they were found.
        way: MatchWay,
    },
    /// The gene that was found is another feature too.
    Shared {
        /// The gene's place.
        place: usize,
        /// How it was found.
        way: MatchWay,
    },
    /// It is not there.
    Missing {
        /// An identifier that differs in upper and lower case alone. A hint for a message, never a match: mouse `Cd3e` is not
        /// human `CD3E`.
        in_other_case: Option<String>,
    },
}

/// A feature of a model, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureMatch {
    /// Its name in the model.
    pub feature: String,
    /// What became of it.
    pub outcome: MatchOutcome,
}

/// A list of identifiers in which genes were looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierList {
    /// The column of `var`; none for the names of the genes.
    pub column: Option<String>,
    /// What its identifiers look like.
    pub kinds: GeneNameKinds,
}

/// Where the genes of a model are in other data, and how each was found: what [`match_genes`](crate::match_genes) gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneMatching {
    /// All features in the order of the model.
    pub features: Vec<FeatureMatch>,
    /// What the names of the features look like.
    pub wanted: GeneNameKinds,
    /// Where they were looked up, in this order: the names of the genes, then columns of `var`.
    pub searched: Vec<IdentifierList>,
}

impl GeneMatching {
    /// The places of all features, if each was found at a place of its own.
    pub fn positions(&self) -> Option<Vec<usize>> {
        let place = |feature: &FeatureMatch| match feature.outcome {
            MatchOutcome::Found { place, .. } => Some(place),
            _ => None,
        };
        self.features.iter().map(place).collect()
    }

    /// The features that are not there, in the order of the model.
    pub fn missing(&self) -> Vec<&str> {
        let missing = self.features.iter().filter(|found| matches!(found.outcome, MatchOutcome::Missing { .. }));
        missing.map(|found| found.feature.as_str()).collect()
    }

    /// How many features were found in each way.
    pub fn n_by_way(&self) -> BTreeMap<&MatchWay, usize> {
        let mut n_features = BTreeMap::new();
        for found in &self.features {
            if let MatchOutcome::Found { way, .. } = &found.outcome {
                *n_features.entry(way).or_default() += 1;
            }
        }
        n_features
    }

    /// How many features are another gene by a further column of `var`; those found by their exact names do not count.
    pub fn n_contradicted(&self) -> usize {
        let is_contradicted =
            |found: &&FeatureMatch| matches!(found.outcome, MatchOutcome::Found { contradicted_by: Some(_), .. });
        self.features.iter().filter(is_contradicted).count()
    }

    /// Whether every feature is the name of a gene, to the letter, and nothing had to be decided.
    pub fn is_by_exact_names(&self) -> bool {
        let is_exact =
            |found: &FeatureMatch| matches!(&found.outcome, MatchOutcome::Found { way, .. } if way.is_exact_name());
        self.features.iter().all(is_exact)
    }
}
