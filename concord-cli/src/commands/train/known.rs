//! What options of training need to know of the cells, beside their expression and batch.

use std::path::Path;

use clap::Args;
use concord_core::{Embedding, KnnGraph, Labels, LogNorm, Metric};
use concord_io::{Dataset, read_annotation};
use concord_model::{BoxedError, Coverage, MinibatchStrategy, TrainConfig, TrainingData, unlabel};
use concord_prep::knn;
use serde::Serialize;

use crate::{columns, error::CliError, h5ad};

/// Where it is in the file.
#[derive(Debug, Clone, Args, Serialize)]
pub(crate) struct KnownArgs {
    /// Column of obs with the classes that --use-classifier learns; cells without one train all but the classifier
    #[arg(long, value_name = "KEY", help_heading = "Data")]
    class_key: Option<String>,
    /// The class of cells whose class is not known
    #[arg(long, value_name = "NAME", requires = "class_key", help_heading = "Data")]
    unlabeled_class: Option<String>,
    /// Column of obs with clusters, for --sampler-domain-minibatch-strategy coverage
    #[arg(long, value_name = "KEY", help_heading = "Data")]
    cluster_key: Option<String>,
    /// Matrix of obsm in which neighbours are sought for --p-intra-knn, instead of the latent code after the warm-up
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    sampler_emb: Option<String>,
}

impl KnownArgs {
    /// Refuses what an option lacks, and what no option asks for.
    pub(super) fn check(&self, config: &TrainConfig) -> Result<(), CliError> {
        let by_coverage = config.sampler_domain_minibatch_strategy == MinibatchStrategy::Coverage;
        let pairs = [
            (self.class_key.is_some(), config.use_classifier, "--class-key", "--use-classifier"),
            (self.cluster_key.is_some(), by_coverage, "--cluster-key", "--sampler-domain-minibatch-strategy coverage"),
        ];
        for (is_given, is_needed, key, option) in pairs {
            if is_needed && !is_given {
                return Err(CliError::usage(format!("{option} needs {key} KEY: name a column of obs")));
            }
            if is_given && !is_needed {
                return Err(CliError::usage(format!("{key} is for {option}, which is not given: give both or none")));
            }
        }
        if self.sampler_emb.is_some() && config.p_intra_knn <= 0.0 {
            return Err(CliError::usage("--sampler-emb is for --p-intra-knn, which is 0: give both or none"));
        }
        Ok(())
    }
}

/// What the file says of it.
#[derive(Debug, Default)]
pub(super) struct Known {
    classes: Option<Labels>,
    covariates: Vec<(String, Labels)>,
    clusters: Option<Labels>,
    sampler_embedding: Option<Embedding>,
}

impl Known {
    pub(super) fn read(
        dataset: &Dataset,
        path: &Path,
        args: &KnownArgs,
        config: &TrainConfig,
    ) -> Result<Self, CliError> {
        let labels = |key: &Option<String>, option| {
            key.as_deref().map(|key| columns::labels(&dataset.obs, key, option)).transpose()
        };
        let mut classes = labels(&args.class_key, "--class-key")?;
        if let (Some(labels), Some(class)) = (&classes, &args.unlabeled_class) {
            classes = Some(unlabel(labels, class)?);
        }
        let covariates = config.covariate_embedding_dims.iter().map(|dim| {
            let labels = columns::labels(&dataset.obs, &dim.covariate, "--covariate-embedding-dims")?;
            Ok((dim.covariate.clone(), labels))
        });
        let sampler_embedding = args.sampler_emb.as_deref().map(|name| {
            let obsm = read_annotation(path)?.obsm;
            h5ad::embedding(path, &obsm, name, "--sampler-emb")
        });
        Ok(Self {
            classes,
            covariates: covariates.collect::<Result<_, CliError>>()?,
            clusters: labels(&args.cluster_key, "--cluster-key")?,
            sampler_embedding: sampler_embedding.transpose()?,
        })
    }

    /// All that a model is trained on.
    pub(super) fn data<'a>(&'a self, expression: &'a LogNorm, domains: &'a Labels) -> TrainingData<'a> {
        TrainingData {
            classes: self.classes.as_ref(),
            covariates: self.covariates.iter().map(|(name, labels)| (name.as_str(), labels)).collect(),
            coverage: self.clusters.as_ref().map(Coverage::Clusters),
            sampler_embedding: self.sampler_embedding.as_ref(),
            find_neighbors: Some(&find_neighbors),
            ..TrainingData::new(expression, domains)
        }
    }
}

/// Exact neighbours.
fn find_neighbors(embedding: &Embedding, n_neighbors: usize, metric: Metric) -> Result<KnnGraph, BoxedError> {
    Ok(knn(embedding, n_neighbors, metric)?)
}
