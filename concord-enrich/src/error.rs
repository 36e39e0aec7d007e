use concord_core::CoreError;
use thiserror::Error;

use crate::{IdentifierKind, Identifiers};

/// Why gene sets could not be read or tested.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EnrichError {
    /// A GMT file with commas where tabs belong.
    #[error(
        "line {line} of the GMT file has commas where tabs belong (\"{excerpt}\"): write it as name, tab, description, \
         tab, gene, tab, gene and so on"
    )]
    Commas {
        /// Line, from 1.
        line: usize,
        /// Its beginning, or the field.
        excerpt: String,
    },
    /// A text without tabs is no GMT file.
    #[error(
        "this is no GMT file: there is no tab in it (line {line}: \"{excerpt}\"); in a GMT file a line is name, tab, \
         description, tab, gene, tab, gene and so on"
    )]
    NoTabs {
        /// Line, from 1.
        line: usize,
        /// Its beginning.
        excerpt: String,
    },
    /// A line of a GMT file that begins with a tab.
    #[error("line {line} of the GMT file has no name before its first tab: give the gene set a name")]
    NoName {
        /// Line, from 1.
        line: usize,
    },
    /// A GMT file without a gene set that has genes.
    #[error("the GMT file has no gene set with genes in it ({n_empty} without): choose another file")]
    NoSets {
        /// Gene sets without genes.
        n_empty: usize,
    },
    /// An option has a value that makes no sense.
    #[error("--{option} {value} is out of range: {expected}")]
    InvalidOption {
        /// Name of the option, as on the command line.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// There is nothing to test.
    #[error("the gene list is empty: give at least one gene")]
    NoGenes,
    /// Two sides have no gene in common.
    #[error("none of the {} is among the {}; {}", .0.left, .0.right, .0.advice())]
    NoOverlap(Box<NoOverlap>),
    /// No gene set has a size that is allowed.
    #[error(
        "none of the {n_sets} gene sets is eligible: after leaving out unknown genes the largest has {largest} genes, and \
         from {min_size} to {max_size} are allowed{}; allow other sizes, or choose other gene sets",
        if *all_genes { " (but not all genes)" } else { "" }
    )]
    NoEligibleSet {
        /// Gene sets given.
        n_sets: usize,
        /// Most genes that a set has in common with the background or the ranking.
        largest: usize,
        /// The option.
        min_size: usize,
        /// The option.
        max_size: usize,
        /// Whether sets of all genes are excluded.
        all_genes: bool,
    },
    /// The number given for the background is less than the genes that are known.
    #[error(
        "a background of {n_background} genes is too small: the gene list and \"{term}\" alone have {n_needed}; give the \
         genes themselves or a larger number"
    )]
    BackgroundTooSmall {
        /// The number given.
        n_background: usize,
        /// Genes of the list and the set together.
        n_needed: usize,
        /// The set.
        term: String,
    },
    /// A ranking needs genes to rank.
    #[error("a ranking of {n_genes} genes says nothing about gene sets: rank all genes that were measured")]
    TooFewGenes {
        /// Genes given.
        n_genes: usize,
    },
    /// A gene with a score that has no place in a ranking.
    #[error("the score of gene \"{gene}\" is {score}: leave the gene out, or give it a number")]
    NotFinite {
        /// The gene.
        gene: String,
        /// Its score.
        score: f64,
    },
    /// A gene that is ranked more than once.
    #[error("gene \"{gene}\" is ranked {n_times} times: keep one of its scores, or make the names unique")]
    DuplicateGene {
        /// The gene.
        gene: String,
        /// How often it stands in the ranking.
        n_times: usize,
    },
    /// A result that is no valid table.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// What two sides without a common gene call their genes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoOverlap {
    /// One side.
    pub left: Identifiers,
    /// The other.
    pub right: Identifiers,
    /// Genes of the left side that would be on the right if capitals and small letters were the same.
    pub n_ignoring_case: usize,
}

impl NoOverlap {
    pub(crate) fn advice(&self) -> String {
        let (left, right) = (self.left.kind, self.right.kind);
        if self.n_ignoring_case > 0 {
            format!(
                "{} would be, were it not for capital and small letters: spell both sides alike, and see that they are of \
                 the same species",
                self.n_ignoring_case
            )
        } else if left != right {
            format!("convert the {left} to {right}, or choose gene sets of {left}")
        } else if left == IdentifierKind::Ensembl {
            "choose gene sets of the same species, and leave away versions (the number behind the dot)".to_owned()
        } else {
            "see that both sides are of the same species and use the same identifiers".to_owned()
        }
    }
}
