//! Model directories as the reference writes them: `config_<time>.json` and `final_model_<time>.pt`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    Categories, Covariate, CovariateDim, Device, Model, ModelCard, ModelError, TrainConfig,
    model::ModelModule,
    options::covariate_map,
    store::{FORMAT_VERSION, Normalization, Origin, Provenance, format_error},
    weights,
};

/// The total to which the reference scales cells where it normalises them itself.
pub(crate) const REFERENCE_TOTAL: f32 = 1e4;

/// The two files of one model.
pub(crate) struct ReferenceFiles {
    config: PathBuf,
    weights: PathBuf,
}

impl ReferenceFiles {
    /// The newest of each kind by their times of modification, as the reference chooses; of equally new ones the last by
    /// name. None when the directory holds neither.
    ///
    /// # Errors
    /// [`ModelError::Io`] when the directory cannot be listed, [`ModelError::Format`] when only one of the two is there.
    pub(crate) fn find(directory: &Path) -> Result<Option<Self>, ModelError> {
        let incomplete = |missing: &str, found: &Path| {
            let found = found.display();
            format_error(directory, &format!("has no {missing} to go with {found}: a model of concord-sc needs both"))
        };
        match (newest(directory, "config_", ".json")?, newest(directory, "final_model_", ".pt")?) {
            (Some(config), Some(weights)) => Ok(Some(Self { config, weights })),
            (None, None) => Ok(None),
            (Some(config), None) => Err(incomplete("final_model_*.pt", &config)),
            (None, Some(weights)) => Err(incomplete("config_*.json", &weights)),
        }
    }

    /// Reads the model and what is known of it.
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Format`] when a file is damaged or does not fit the other.
    pub(crate) fn load(&self, device: &Device) -> Result<(Model, ModelCard), ModelError> {
        let text =
            fs::read_to_string(&self.config).map_err(|source| ModelError::Io { path: self.config.clone(), source })?;
        let bad_config = |error: &dyn std::fmt::Display| format_error(&self.config, error);
        let config = serde_json::from_str(&text).map_err(|error| bad_config(&error))?;
        let Covariates { covariate_embedding_dims } =
            serde_json::from_str(&text).map_err(|error| bad_config(&error))?;
        let card = card(config, covariate_embedding_dims).map_err(|error| bad_config(&error))?;
        let architecture = card.architecture().map_err(|error| bad_config(&error))?;
        let mut module = ModelModule::new(&architecture, None, device.as_burn());
        weights::load_pytorch(&mut module, &architecture, &self.weights)
            .map_err(|error| format_error(&self.weights, &error))?;
        Ok((Model::new(module, architecture), card))
    }
}

/// The reference's names of the two steps of normalisation.
pub(crate) const TOTAL: &str = "normalize_total";
pub(crate) const LOGARITHM: &str = "log1p";

impl ModelCard {
    /// The step of normalisation that the reference did without the other: `normalize_total` or `log1p`.
    ///
    /// Both are done here, or none. Data for a model with `log1p` alone can be brought logged, as they are after that step;
    /// data for one with `normalize_total` alone can't be given to it here.
    pub fn lone_step(&self) -> Option<&'static str> {
        let config = self.provenance.reference_config.as_ref()?;
        let does = |step: &str| config.get(step) == Some(&Value::Bool(true));
        match (does(TOTAL), does(LOGARITHM)) {
            (true, false) => Some(TOTAL),
            (false, true) => Some(LOGARITHM),
            _ => None,
        }
    }
}

/// The part of a configuration whose order matters, which a map of values does not keep.
#[derive(Deserialize)]
struct Covariates {
    #[serde(default, with = "covariate_map")]
    covariate_embedding_dims: Vec<CovariateDim>,
}

fn newest(directory: &Path, prefix: &str, suffix: &str) -> Result<Option<PathBuf>, ModelError> {
    let io_error = |source| ModelError::Io { path: directory.to_owned(), source };
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for entry in fs::read_dir(directory).map_err(io_error)? {
        let path = entry.map_err(io_error)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(prefix) && name.ends_with(suffix) {
            // Through a link to the file, as the reference looks at it.
            let modified = fs::metadata(&path).and_then(|metadata| metadata.modified());
            let modified = modified.map_err(|source| ModelError::Io { path: path.clone(), source })?;
            newest = newest.max(Some((modified, path)));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// What a configuration tells of a model; or, in words, why there cannot be such a model.
fn card(mut config: Map<String, Value>, covariates: Vec<CovariateDim>) -> Result<ModelCard, String> {
    let features: Option<Vec<String>> = field(&config, "input_feature")?;
    let features = features.ok_or("input_feature is missing: the genes of the model are not known")?;
    let mut training = training(&config)?;
    training.covariate_embedding_dims = if training.use_decoder { covariates } else { Vec::new() };
    training.validate_network().map_err(|error| error.to_string())?;
    let domains = names(&config, "unique_domains")?;
    let categories = categories(&config, &training, &domains)?;
    // As a rule counts are normalised before the reference sees them, and then it does not know how.
    let does = |step: &str| Ok::<bool, String>(field(&config, step)? == Some(true));
    let (total, logarithm) = (does(TOTAL)?, does(LOGARITHM)?);
    let normalization = (total && logarithm).then_some(Normalization::TotalAndLog { target_sum: REFERENCE_TOTAL });
    // The genes stand in the card already.
    config.remove("input_feature");
    let provenance = Provenance {
        origin: Origin::ConcordSc,
        concord_version: None,
        data_sha256: None,
        n_cells: None,
        domains,
        reference_config: Some(config),
    };
    Ok(ModelCard { format_version: FORMAT_VERSION, training, normalization, provenance, features, categories })
}

/// What the codes of decoder and classifier mean. Of covariates the reference keeps how many categories there are.
fn categories(config: &Map<String, Value>, training: &TrainConfig, domains: &[String]) -> Result<Categories, String> {
    /// The most categories of a covariate: beyond it a damaged number would ask for more memory than there is.
    const MOST: usize = 1_000_000;
    let n_categories: Option<Map<String, Value>> = field(config, "covariate_num_categories")?;
    let n_categories = n_categories.unwrap_or_default();
    let covariate = |dim: &CovariateDim| {
        let n: Option<usize> = field(&n_categories, &dim.covariate)?;
        let n = n.filter(|&n| n <= MOST).ok_or(format!("covariate_num_categories has no {}", dim.covariate))?;
        Ok(Covariate { name: dim.covariate.clone(), categories: (0..n).map(|code| code.to_string()).collect() })
    };
    let covariates: Result<Vec<Covariate>, String> = training.covariate_embedding_dims.iter().map(covariate).collect();
    Ok(Categories {
        domains: if training.use_decoder { domains.to_vec() } else { Vec::new() },
        covariates: covariates?,
        classes: if training.use_classifier { names(config, "unique_classes")? } else { Vec::new() },
    })
}

/// A list of names, which may be numbers in the reference; empty when it is not there.
fn names(config: &Map<String, Value>, field_name: &str) -> Result<Vec<String>, String> {
    let values: Option<Vec<Value>> = field(config, field_name)?;
    let name = |value| match value {
        Value::String(name) => name,
        other => other.to_string(),
    };
    Ok(values.unwrap_or_default().into_iter().map(name).collect())
}

/// The options that are ours too: they have the same names.
fn training(config: &Map<String, Value>) -> Result<TrainConfig, String> {
    let ours = serde_json::to_value(TrainConfig::default()).map_err(|error| error.to_string())?;
    let known = config.iter().filter(|(name, _)| ours.get(name.as_str()).is_some());
    let mut options: Map<String, Value> = known.map(|(name, value)| (name.clone(), value.clone())).collect();
    // Python takes no widths at all for an empty list; any other option that is not there has its default.
    for dims in ["encoder_dims", "decoder_dims"] {
        if options.get(dims).is_some_and(Value::is_null) {
            options.insert(dims.to_owned(), Value::Array(Vec::new()));
        }
    }
    options.retain(|_, value| !value.is_null());
    options.insert("drop_partial_batches".to_owned(), Value::Bool(true));
    serde_json::from_value(Value::Object(options)).map_err(|error| format!("an option is not as expected: {error}"))
}

/// A value of the configuration; none where it is missing or null.
fn field<T: DeserializeOwned>(config: &Map<String, Value>, name: &str) -> Result<Option<T>, String> {
    let value = config.get(name).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|error| format!("{name} is not as expected: {error}"))
}
