use std::fmt;

use concord_core::Labels;

use crate::TrainConfig;

/// Something that the options bring about and a user may not expect; training goes on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// There is one domain, so that nothing can come from others. The reference sets the option to 1 without a word.
    SingleDomain {
        /// The share that was asked for.
        p_intra_domain: f64,
    },
    /// Hard negatives from other domains push these apart.
    MixedDomains {
        /// The share of a batch from one domain.
        p_intra_domain: f64,
        /// The weight of hard negatives.
        clr_beta: f64,
    },
    /// Importances are learned, and nothing makes them small.
    UnpenalizedImportances,
    /// An encoder without hidden layers drops nothing, in the reference neither.
    NothingToDrop {
        /// The probability that was asked for.
        dropout_prob: f64,
    },
    /// Cells of which the classifier does not learn.
    UnlabeledCells {
        /// How many.
        n_unlabeled: usize,
        /// Number of cells.
        n_cells: usize,
    },
    /// A classifier of one class has nothing to tell apart.
    SingleClass {
        /// The class.
        class: String,
    },
}

impl Note {
    /// What there is to say about options that are in range and fit together.
    pub(crate) fn of_options(config: &TrainConfig, domains: &Labels) -> Vec<Self> {
        /// Below this share the reference warns of hard negatives.
        const PURE_ENOUGH: f64 = 0.95;
        let TrainConfig { p_intra_domain, clr_beta, dropout_prob, .. } = *config;
        let n_domains = domains.sizes().into_iter().filter(|&n| n > 0).count();
        let mut notes = Vec::new();
        if n_domains <= 1 && p_intra_domain < 1.0 {
            notes.push(Self::SingleDomain { p_intra_domain });
        } else if p_intra_domain < PURE_ENOUGH && clr_beta > 0.0 {
            notes.push(Self::MixedDomains { p_intra_domain, clr_beta });
        }
        if config.use_importance_mask && config.importance_penalty_weight <= 0.0 {
            notes.push(Self::UnpenalizedImportances);
        }
        if dropout_prob > 0.0 && config.encoder_dims.is_empty() {
            notes.push(Self::NothingToDrop { dropout_prob });
        }
        notes
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SingleDomain { p_intra_domain } => {
                write!(f, "there is one batch of cells only, so that --p-intra-domain {p_intra_domain} counts as 1")
            }
            Self::MixedDomains { p_intra_domain, clr_beta } => write!(
                f,
                "--p-intra-domain {p_intra_domain} with --clr-beta {clr_beta} sets cells of different batches apart: 1 \
                 integrates them best"
            ),
            Self::UnpenalizedImportances => {
                f.write_str("importances of genes are learned without a penalty (--importance-penalty-weight is 0)")
            }
            Self::NothingToDrop { dropout_prob } => write!(
                f,
                "--dropout-prob {dropout_prob} has no effect on an encoder without hidden layers, in the reference neither"
            ),
            Self::UnlabeledCells { n_unlabeled, n_cells } => {
                write!(f, "{n_unlabeled} of {n_cells} cells have no class and do not train the classifier")
            }
            Self::SingleClass { class } => {
                write!(f, "all labelled cells are of the class '{class}': a classifier learns nothing from them")
            }
        }
    }
}
