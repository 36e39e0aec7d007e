//! Expression as a decoder has it.

use concord_core::{Csr, Dense, Labels, LogNorm, Table};
use concord_io::Layer;
use concord_model::{Model, ModelCard, decode};

use super::args::DecodedAs;
use crate::{columns, error::CliError, gene_matching::FoundGenes};

/// Decodes all cells as if they came from a batch of the training. Covariates are columns of obs.
pub(super) fn decoded(
    model: &Model,
    card: &ModelCard,
    data: &LogNorm,
    obs: &Table,
    decoded_as: DecodedAs<'_>,
) -> Result<Dense, CliError> {
    let covariates = card.categories.covariates.iter().map(|covariate| {
        let labels = columns::labels(obs, &covariate.name, "--covariate-embedding-dims of the training")?;
        Ok((covariate.name.as_str(), labels))
    });
    let covariates: Vec<(&str, Labels)> = covariates.collect::<Result<_, CliError>>()?;
    let covariates: Vec<(&str, &Labels)> = covariates.iter().map(|(name, labels)| (*name, labels)).collect();
    let batches = match decoded_as {
        DecodedAs::Batch(batch) => Labels::single(data.n_cells(), batch),
        DecodedAs::Column(key) => columns::labels(obs, key, "--decode-by")?,
    };
    Ok(decode(model, data, &batches, &covariates)?)
}

/// Decoded genes in their places in the file, `[n_cells, n_genes]`; what the model does not know is 0, as what it decodes
/// to 0.
pub(super) fn layer(decoded: &Dense, found: &FoundGenes, n_genes: usize) -> Layer {
    let mut genes: Vec<(usize, usize)> = found.positions.iter().copied().zip(found.features.iter().copied()).collect();
    genes.sort_unstable();
    let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in decoded.rows() {
        for &(place, feature) in &genes {
            if row[feature] != 0.0 {
                indices.push(place as u32);
                values.push(row[feature]);
            }
        }
        indptr.push(indices.len());
    }
    Layer::Sparse(Csr::new((decoded.nrows(), n_genes), indptr, indices, values))
}
