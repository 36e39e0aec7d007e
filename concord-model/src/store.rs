use std::{
    fs,
    path::{Path, PathBuf},
};

use concord_core::{Genes, LogNorm};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Device, Encoder, ModelError, TrainConfig, encoder::EncoderModule, weights};

const WEIGHTS_FILE: &str = "model.safetensors";
const CONFIG_FILE: &str = "config.json";

/// The version of the layout of a model directory.
const FORMAT_VERSION: u32 = 1;

/// Everything about a model but its weights: `config.json` of a model directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Version of the layout of the directory.
    pub format_version: u32,
    /// How the model was trained.
    pub training: TrainConfig,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The input genes, in the order of the first layer's inputs.
    pub features: Vec<String>,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of concord that trained it.
    pub concord_version: String,
    /// SHA-256 of the training data, as [`data_hash`] gives it.
    pub data_sha256: String,
    /// Number of cells that it was trained on.
    pub n_cells: usize,
    /// Names of the domains (batches) that it was trained on.
    pub domains: Vec<String>,
}

impl ModelCard {
    /// Describes a model that was just trained on `data` with the genes `features`.
    pub fn new(training: TrainConfig, features: &Genes, data: &LogNorm, domains: &[String]) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            training,
            provenance: Provenance {
                concord_version: env!("CARGO_PKG_VERSION").to_owned(),
                data_sha256: data_hash(data),
                n_cells: data.n_cells(),
                domains: domains.to_vec(),
            },
            features: features.names().to_vec(),
        }
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
pub fn save(directory: &Path, encoder: &Encoder, card: &ModelCard) -> Result<(), ModelError> {
    fs::create_dir_all(directory).map_err(|source| ModelError::Io { path: directory.to_owned(), source })?;
    let path = directory.join(WEIGHTS_FILE);
    let bytes = weights::to_bytes(encoder.module()).map_err(|error| format_error(&path, &error))?;
    write_beside(&path, &bytes)?;
    let path = directory.join(CONFIG_FILE);
    let text = serde_json::to_string_pretty(card).map_err(|error| format_error(&path, &error))?;
    write_beside(&path, format!("{text}\n").as_bytes())
}

/// Reads a model directory that [`save`] wrote.
///
/// # Errors
/// [`ModelError::Io`] when a file is missing, [`ModelError::Format`] when it is damaged or of another shape.
pub fn load(directory: &Path, device: &Device) -> Result<(Encoder, ModelCard), ModelError> {
    let config = directory.join(CONFIG_FILE);
    let text = fs::read_to_string(&config).map_err(|source| ModelError::Io { path: config.clone(), source })?;
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
    let mut module = EncoderModule::empty(card.features.len(), &card.training.widths(), device.as_burn());
    weights::load(&mut module, &bytes, device.as_burn()).map_err(|error| format_error(&path, &error))?;
    Ok((Encoder::new(module), card))
}

/// Writes a file beside its place, then moves it there; nothing is left behind when it fails.
fn write_beside(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial: PathBuf = path.with_file_name(name);
    let result = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if result.is_err() {
        let _ = fs::remove_file(&partial);
    }
    result.map_err(|source| ModelError::Io { path: path.to_owned(), source })
}

fn format_error(path: &Path, error: &dyn std::fmt::Display) -> ModelError {
    ModelError::Format { path: path.to_owned(), detail: error.to_string() }
}
