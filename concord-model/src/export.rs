//! Model directories for the reference, as its own `Concord.load` reads them.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use crate::{
    Model, ModelCard, ModelError, Normalization, TrainConfig,
    reference::{LOGARITHM, REFERENCE_TOTAL, TOTAL},
    store::{create_folder, format_error, write_beside},
    torch_file, weights,
};

const WEIGHTS_FILE: &str = "final_model_concord.pt";
const CONFIG_FILE: &str = "config_concord.json";

/// Writes a model for the reference, the Python package `concord-sc`: `Concord.load(directory)` reads it.
///
/// The directory gets `final_model_concord.pt`, a file as `torch.save` writes, and `config_concord.json`, each written
/// beside its place and renamed. Of several models in one directory the reference reads the newest. What it has no word
/// for is left out: the names of covariates' categories, how the input was normalised (but see
/// [`normalizes_itself`]), where the model comes from.
///
/// # Errors
/// [`ModelError::CovariateName`], or [`ModelError::Io`] or [`ModelError::Format`] with the file's path.
///
/// # Examples
/// ```
/// # use concord_core::{Csr, Genes, Labels, LogNorm};
/// # use concord_model::{Device, ModelCard, Normalization, TrainConfig, train};
/// use concord_model::{export, load};
///
/// # let indices = (0..8).flat_map(|cell| if cell % 2 == 0 { [0, 1] } else { [2, 3] }).collect();
/// # let matrix = Csr::new((8, 4), (0..=8).map(|cell| 2 * cell).collect(), indices, vec![1.0; 16]);
/// # let data = LogNorm::from_logged(matrix)?;
/// # let config = TrainConfig { encoder_dims: vec![16], latent_dim: 4, batch_size: 8, n_epochs: 1, ..TrainConfig::default() };
/// # let trained = train(&data, &Labels::single(8, "all"), &config, &Device::cpu(), &mut |_| ())?;
/// # let genes = Genes::new(["A", "B", "C", "D"].map(String::from));
/// # let card = ModelCard::new(config, Normalization::AsIs, &genes, &data, &["all".to_owned()]);
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// export(folder, &trained.encoder, &card)?;
/// let (model, card) = load(folder, &Device::cpu())?;
/// assert_eq!(card.features, ["A", "B", "C", "D"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: the methods `save_model` and `load` of the reference's `Concord`.
pub fn export(directory: &Path, model: &Model, card: &ModelCard) -> Result<(), ModelError> {
    let mut covariates = model.architecture().covariates().map(|(covariate, _)| &covariate.name);
    if let Some(name) = covariates.find(|name| !is_name_in_pytorch(name)) {
        return Err(ModelError::CovariateName { covariate: name.clone() });
    }
    create_folder(directory)?;
    let path = directory.join(WEIGHTS_FILE);
    let tensors = weights::tensors(model.module(), model.architecture());
    let bytes = torch_file::to_bytes(&tensors).map_err(|error| format_error(&path, &error))?;
    write_beside(&path, &bytes)?;
    let path = directory.join(CONFIG_FILE);
    let text = serde_json::to_string_pretty(&Config::new(model, card)).map_err(|error| format_error(&path, &error))?;
    write_beside(&path, format!("{text}\n").as_bytes())
}

/// Whether a part of a `torch.nn.ModuleDict` can have this name: it is neither that of an attribute (those of PyTorch 2.9),
/// nor has a dot. Inner attributes, which change from version to version, begin with an underscore: all such names are
/// refused.
fn is_name_in_pytorch(name: &str) -> bool {
    const ATTRIBUTES: [&str; 60] = [
        "T_destination",
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "clear",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "items",
        "keys",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "pop",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "update",
        "values",
        "xpu",
        "zero_grad",
    ];
    !name.is_empty() && !name.starts_with('_') && !name.contains('.') && !ATTRIBUTES.contains(&name)
}

/// Whether the reference can normalise counts for a model as its training did: it knows one total, 10,000.
///
/// For any other model, who brings data to the reference has to bring them as they were brought for the training: normalised
/// and logged, as a rule ([`ModelCard::lone_step`] tells the exceptions).
pub fn normalizes_itself(card: &ModelCard) -> bool {
    card.normalization == Some(Normalization::TotalAndLog { target_sum: REFERENCE_TOTAL })
}

/// The reference's configuration of a model: all that its `load` and `predict_adata` ask for.
#[derive(Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "they are the reference's")]
struct Config<'a> {
    /// The options of both; a few are ours alone, which the reference keeps and never looks at.
    #[serde(flatten)]
    training: &'a TrainConfig,
    input_feature: &'a [String],
    normalize_total: bool,
    log1p: bool,
    unique_domains: Vec<&'a str>,
    num_domains: usize,
    covariate_num_categories: BTreeMap<&'a str, usize>,
    unique_classes: Option<&'a [String]>,
    unique_classes_code: Option<Vec<usize>>,
    num_classes: Option<usize>,
    // What is about the data of one session, and how they are gone through there.
    class_key: Option<()>,
    domain_key: Option<()>,
    unlabeled_class: Option<()>,
    unlabeled_class_code: Option<()>,
    sampler_emb: Option<()>,
    domain_coverage: Option<()>,
    pretrained_model: Option<()>,
    use_faiss: bool,
    use_ivf: bool,
    ivf_nprobe: usize,
    preload_dense: bool,
    num_workers: Option<()>,
    chunked: bool,
    chunk_size: usize,
    device: &'static str,
}

impl<'a> Config<'a> {
    fn new(model: &'a Model, card: &'a ModelCard) -> Self {
        let categories = model.categories();
        // Without a decoder the model does not know its domains, and the reference wants at least one.
        let domains = [&categories.domains, &card.provenance.domains].into_iter().find(|domains| !domains.is_empty());
        let unique_domains: Vec<&str> =
            domains.map_or(vec!["single_domain"], |domains| domains.iter().map(String::as_str).collect());
        let covariates = categories.covariates.iter();
        let classes = card.training.use_classifier.then_some(&categories.classes[..]);
        let does = |step: &str| normalizes_itself(card) || card.lone_step() == Some(step);
        Self {
            training: &card.training,
            input_feature: &card.features,
            normalize_total: does(TOTAL),
            log1p: does(LOGARITHM),
            num_domains: unique_domains.len(),
            unique_domains,
            covariate_num_categories: covariates.map(|one| (one.name.as_str(), one.categories.len())).collect(),
            unique_classes: classes,
            unique_classes_code: classes.map(|classes| (0..classes.len()).collect()),
            num_classes: classes.map(<[String]>::len),
            class_key: None,
            domain_key: None,
            unlabeled_class: None,
            unlabeled_class_code: None,
            sampler_emb: None,
            domain_coverage: None,
            pretrained_model: None,
            use_faiss: true,
            use_ivf: true,
            ivf_nprobe: 10,
            preload_dense: false,
            num_workers: None,
            chunked: false,
            chunk_size: 10_000,
            device: "cpu",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_name_in_pytorch;

    #[test]
    fn names_of_pytorch_are_no_names_of_covariates() {
        assert!(["donor", "cell type", "10x", "Type"].into_iter().all(is_name_in_pytorch));
        assert!(!["", "donor.id", "type", "training", "_modules", "keys"].into_iter().any(is_name_in_pytorch));
    }
}
