//! Model directories as the reference writes them: `config_<time>.json` and `final_model_<time>.pt`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    Device, Encoder, ModelCard, ModelError, TrainConfig,
    encoder::EncoderModule,
    store::{FORMAT_VERSION, Normalization, Origin, Provenance, format_error},
    weights,
};

/// The total to which the reference scales cells where it normalises them itself.
const REFERENCE_TOTAL: f32 = 1e4;

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

    /// Reads the encoder and what is known of it.
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Format`] when a file is damaged, does not fit the other, or asks for what our
    /// encoder does not have.
    pub(crate) fn load(&self, device: &Device) -> Result<(Encoder, ModelCard), ModelError> {
        let text =
            fs::read_to_string(&self.config).map_err(|source| ModelError::Io { path: self.config.clone(), source })?;
        let config = serde_json::from_str(&text).map_err(|error| format_error(&self.config, &error))?;
        let card = card(config).map_err(|error| format_error(&self.config, &error))?;
        let mut module = EncoderModule::empty(card.features.len(), &card.training.widths(), device.as_burn());
        weights::load_pytorch(&mut module, &self.weights, device.as_burn())
            .map_err(|error| format_error(&self.weights, &error))?;
        Ok((Encoder::new(module), card))
    }
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

/// What a configuration tells of a model; or, in words, why our encoder cannot be this model.
fn card(mut config: Map<String, Value>) -> Result<ModelCard, String> {
    let norm_type: Option<String> = field(&config, "norm_type")?;
    if let Some(norm_type) = norm_type.filter(|norm_type| norm_type != "layer_norm") {
        return Err(format!("norm_type {norm_type:?} is not supported, only \"layer_norm\" is"));
    }
    if field(&config, "use_importance_mask")? == Some(true) {
        return Err("use_importance_mask is not supported: train without it".to_owned());
    }
    let features: Option<Vec<String>> = field(&config, "input_feature")?;
    let features = features.ok_or("input_feature is missing: the genes of the model are not known")?;
    let domains: Option<Vec<Value>> = field(&config, "unique_domains")?;
    let domains = domains.unwrap_or_default().into_iter().map(|domain| match domain {
        Value::String(name) => name,
        other => other.to_string(),
    });
    let training = training(&config)?;
    training.validate_widths().map_err(|error| error.to_string())?;
    // As a rule counts are normalised before the reference sees them, and then it does not know how.
    let does_both = field(&config, "normalize_total")? == Some(true) && field(&config, "log1p")? == Some(true);
    let normalization = does_both.then_some(Normalization::TotalAndLog { target_sum: REFERENCE_TOTAL });
    // The genes stand in the card already.
    config.remove("input_feature");
    let provenance = Provenance {
        origin: Origin::ConcordSc,
        concord_version: None,
        data_sha256: None,
        n_cells: None,
        domains: domains.collect(),
        reference_config: Some(config),
    };
    Ok(ModelCard { format_version: FORMAT_VERSION, training, normalization, provenance, features })
}

/// The options that are ours too: they have the same names.
fn training(config: &Map<String, Value>) -> Result<TrainConfig, String> {
    let ours = serde_json::to_value(TrainConfig::default()).map_err(|error| error.to_string())?;
    let known = config.iter().filter(|(name, _)| ours.get(name.as_str()).is_some());
    let mut options: Map<String, Value> = known.map(|(name, value)| (name.clone(), value.clone())).collect();
    // Python takes no widths at all for an empty list.
    if options.get("encoder_dims").is_some_and(Value::is_null) {
        options.insert("encoder_dims".to_owned(), Value::Array(Vec::new()));
    }
    options.insert("drop_partial_batches".to_owned(), Value::Bool(true));
    serde_json::from_value(Value::Object(options)).map_err(|error| format!("an option is not as expected: {error}"))
}

/// A value of the configuration; none where it is missing or null.
fn field<T: DeserializeOwned>(config: &Map<String, Value>, name: &str) -> Result<Option<T>, String> {
    let value = config.get(name).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|error| format!("{name} is not as expected: {error}"))
}
