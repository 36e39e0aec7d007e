use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use concord_core::{Genes, LogNorm};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    Categories, Device, Model, ModelError, TrainConfig, architecture::Architecture, model::ModelModule,
    reference::ReferenceFiles, weights,
};

const WEIGHTS_FILE: &str = "model.safetensors";
const CONFIG_FILE: &str = "config.json";

/// The version of the layout of a model directory.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// Everything about a model but its weights: `config.json` of a model directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Version of the layout of the directory.
    pub format_version: u32,
    /// How the model was trained.
    pub training: TrainConfig,
    /// How expression became its input; none when that is not known.
    #[serde(default)]
    pub normalization: Option<Normalization>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The input genes, in the order of the first layer's inputs.
    pub features: Vec<String>,
    /// What the codes of decoder and classifier mean. [`save`] takes them from the model.
    #[serde(default, skip_serializing_if = "Categories::is_empty")]
    pub categories: Categories,
}

/// What was done to a matrix before it became a model's input. New data need the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalization {
    /// Nothing: it was normalised and logged already.
    AsIs,
    /// Every cell was scaled to one total, then `ln(1 + x)` taken.
    TotalAndLog {
        /// The total.
        target_sum: f32,
    },
}

/// Where a model comes from, as far as its files tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The program that trained it.
    #[serde(default)]
    pub origin: Origin,
    /// Version of concord that trained it.
    pub concord_version: Option<String>,
    /// SHA-256 of the training data, as [`data_hash`] gives it.
    pub data_sha256: Option<String>,
    /// Number of cells that it was trained on.
    pub n_cells: Option<usize>,
    /// Names of the domains (batches) that it was trained on.
    pub domains: Vec<String>,
    /// The reference's configuration of a model of its own, without the genes.
    ///
    /// Where its `normalize_total` or `log1p` is true, the reference normalised the training data itself, to a total of
    /// 10,000, and logged them; whoever brings new data has to do the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_config: Option<Map<String, Value>>,
}

/// A program that trains models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// This one.
    #[default]
    Concord,
    /// The reference, the Python package `concord-sc`.
    ConcordSc,
}

impl ModelCard {
    /// Describes a model that was just trained on `data` with the genes `features`.
    pub fn new(
        training: TrainConfig,
        normalization: Normalization,
        features: &Genes,
        data: &LogNorm,
        domains: &[String],
    ) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            training,
            normalization: Some(normalization),
            provenance: Provenance {
                origin: Origin::Concord,
                concord_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                data_sha256: Some(data_hash(data)),
                n_cells: Some(data.n_cells()),
                domains: domains.to_vec(),
                reference_config: None,
            },
            features: features.names().to_vec(),
            categories: Categories::default(),
        }
    }
}

impl ModelCard {
    /// The shape of the model; or, in words, why there cannot be such a model.
    pub(crate) fn architecture(&self) -> Result<Architecture, String> {
        let (config, categories) = (&self.training, &self.categories);
        let covariates = config.covariate_embedding_dims.iter().filter(|dim| dim.dim > 0);
        let mut names = covariates.map(|dim| &dim.covariate);
        let known = |name: &String| categories.covariates.iter().any(|covariate| &covariate.name == name);
        if config.use_decoder && config.domain_embedding_dim > 0 && categories.domains.is_empty() {
            return Err("the domains of the decoder are missing".to_owned());
        }
        if let Some(name) = names.find(|&name| config.use_decoder && !known(name)) {
            return Err(format!("the categories of the covariate {name} are missing"));
        }
        if config.use_classifier && categories.classes.is_empty() {
            return Err("the classes of the classifier are missing".to_owned());
        }
        Ok(Architecture { config: config.clone(), n_genes: self.features.len(), categories: categories.clone() })
    }
}

/// SHA-256 over shape, structure and values of a matrix, in hexadecimal.
pub fn data_hash(data: &LogNorm) -> String {
    let matrix = data.matrix();
    let mut hash = Sha256::new();
    for number in [matrix.rows(), matrix.cols()].iter().chain(matrix.indptr().raw_storage()) {
        hash.update((*number as u64).to_le_bytes());
    }
    if cfg!(target_endian = "little") {
        hash.update(bytemuck::cast_slice::<u32, u8>(matrix.indices()));
        hash.update(bytemuck::cast_slice::<f32, u8>(matrix.data()));
    } else {
        matrix.indices().iter().for_each(|index| hash.update(index.to_le_bytes()));
        matrix.data().iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a model directory: `model.safetensors` (the reference's parameter names) and `config.json`.
///
/// Both files are written beside their place and renamed, the configuration last, so that a directory with a
/// configuration is complete.
///
/// # Errors
/// [`ModelError::Io`] or [`ModelError::Format`] with the file's path.
pub fn save(directory: &Path, model: &Model, card: &ModelCard) -> Result<(), ModelError> {
    create_folder(directory)?;
    let path = directory.join(WEIGHTS_FILE);
    let tensors = weights::tensors(model.module(), model.architecture());
    let bytes = weights::to_bytes(&tensors).map_err(|error| format_error(&path, &error))?;
    write_beside(&path, &bytes)?;
    let path = directory.join(CONFIG_FILE);
    let card = ModelCard { categories: model.categories().clone(), ..card.clone() };
    let text = serde_json::to_string_pretty(&card).map_err(|error| format_error(&path, &error))?;
    write_beside(&path, format!("{text}\n").as_bytes())
}

/// Reads a model directory: one that [`save`] wrote, or one of the reference.
///
/// The reference's directories hold `config_<time>.json` and `final_model_<time>.pt`; of several the newest of each kind
/// is read, as the reference does. Code in the `.pt` file is not run. Of the options, those that we have too are in
/// [`ModelCard::training`], all are in [`Provenance`]. The reference does not keep the names of covariates' categories:
/// they are called by their numbers.
///
/// # Errors
/// [`ModelError::Io`] when a file is missing, [`ModelError::Format`] when it is damaged or of another shape.
pub fn load(directory: &Path, device: &Device) -> Result<(Model, ModelCard), ModelError> {
    let config = directory.join(CONFIG_FILE);
    let text = match fs::read_to_string(&config) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return load_reference(directory, device),
        Err(source) => return Err(ModelError::Io { path: config, source }),
    };
    let card: ModelCard = serde_json::from_str(&text).map_err(|error| format_error(&config, &error))?;
    if card.format_version != FORMAT_VERSION {
        let detail = format!(
            "format version {} is not known here (this program reads version {FORMAT_VERSION}): update concord",
            card.format_version
        );
        return Err(ModelError::Format { path: config, detail });
    }
    card.training.validate()?;

    let path = directory.join(WEIGHTS_FILE);
    let bytes = fs::read(&path).map_err(|source| ModelError::Io { path: path.clone(), source })?;
    let architecture = card.architecture().map_err(|error| format_error(&config, &error))?;
    let mut module = ModelModule::new(&architecture, None, device.as_burn());
    weights::load(&mut module, &architecture, &bytes).map_err(|error| format_error(&path, &error))?;
    Ok((Model::new(module, architecture), card))
}

fn load_reference(directory: &Path, device: &Device) -> Result<(Model, ModelCard), ModelError> {
    let Some(files) = ReferenceFiles::find(directory)? else {
        let detail = "holds no model: neither config.json nor config_*.json and final_model_*.pt are there";
        return Err(format_error(directory, &detail));
    };
    files.load(device)
}

pub(crate) fn create_folder(directory: &Path) -> Result<(), ModelError> {
    fs::create_dir_all(directory).map_err(|source| ModelError::Io { path: directory.to_owned(), source })
}

/// Writes a file beside its place, then moves it there; nothing is left behind when it fails.
pub(crate) fn write_beside(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial: PathBuf = path.with_file_name(name);
    let result = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if result.is_err() {
        let _ = fs::remove_file(&partial);
    }
    result.map_err(|source| ModelError::Io { path: path.to_owned(), source })
}

pub(crate) fn format_error(path: &Path, error: &dyn std::fmt::Display) -> ModelError {
    ModelError::Format { path: path.to_owned(), detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_of_before_there_were_origins_can_be_read() -> Result<(), serde_json::Error> {
        let card = r#"{
            "format_version": 1,
            "training": {"n_epochs": 2},
            "provenance": {"concord_version": "0.1.0", "data_sha256": "ab", "n_cells": 7, "domains": ["x"]},
            "features": ["CD79A"]
        }"#;
        let card: ModelCard = serde_json::from_str(card)?;
        let expected = Provenance {
            origin: Origin::Concord,
            concord_version: Some("0.1.0".to_owned()),
            data_sha256: Some("ab".to_owned()),
            n_cells: Some(7),
            domains: vec!["x".to_owned()],
            reference_config: None,
        };
        assert_eq!(card.provenance, expected);
        Ok(())
    }
}
