use serde::{Deserialize, Serialize};

use crate::TrainConfig;

/// What a network looks like: the options, the number of genes, and what its inputs and outputs beside genes are called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Architecture {
    pub(crate) config: TrainConfig,
    pub(crate) n_genes: usize,
    pub(crate) categories: Categories,
}

/// What the codes of domains, covariates and classes mean to a decoder and a classifier; empty without these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Categories {
    /// The domains that the decoder has an embedding of.
    pub domains: Vec<String>,
    /// The covariates that the decoder has an embedding of.
    pub covariates: Vec<Covariate>,
    /// The classes that the classifier tells apart.
    pub classes: Vec<String>,
}

/// A covariate and its categories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covariate {
    /// Its name.
    pub name: String,
    /// Its categories.
    pub categories: Vec<String>,
}

impl Categories {
    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Architecture {
    /// The covariates with an embedding and its width, in the order of the decoder's inputs.
    pub(crate) fn covariates(&self) -> impl Iterator<Item = (&Covariate, usize)> {
        let dim_of = |covariate: &Covariate| {
            let mut dims = self.config.covariate_embedding_dims.iter();
            dims.find(|dim| dim.covariate == covariate.name).map_or(0, |dim| dim.dim)
        };
        let covariates = self.categories.covariates.iter().map(move |covariate| (covariate, dim_of(covariate)));
        covariates.filter(|&(_, dim)| dim > 0)
    }

    /// Width of the latent code and all embeddings together.
    pub(crate) fn n_decoder_inputs(&self) -> usize {
        let covariates: usize = self.covariates().map(|(_, dim)| dim).sum();
        self.config.latent_dim + self.config.domain_embedding_dim + covariates
    }
}
