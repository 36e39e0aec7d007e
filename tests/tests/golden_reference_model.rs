//! A model that the reference trained on pbmc3k gives the cells the reference's latent code
//! (`shared/golden/python_model_pbmc3k`, `shared/golden/pbmc3k_reference.npz`).

use std::error::Error;

use concord_io::{ReadOptions, read_h5ad};
use concord_model::{Device, embed, load};
use concord_prep::{NormalizeConfig, normalize};
use concord_tests::{Npz, shared};

#[test]
fn a_model_of_the_reference_gives_its_embedding() -> Result<(), Box<dyn Error>> {
    let Some(shared) = shared("the embedding of a model of the reference") else { return Ok(()) };
    let (encoder, card) = load(&shared.join("golden/python_model_pbmc3k"), &Device::cpu())?;
    assert_eq!((encoder.n_genes(), encoder.n_latent()), (2000, 100));

    let dataset = read_h5ad(shared.join("data/pbmc3k_counts.h5ad"), &ReadOptions::default())?;
    let columns: Option<Vec<usize>> = card.features.iter().map(|gene| dataset.genes.position(gene)).collect();
    let columns = columns.ok_or("the file lacks a gene of the model")?;
    let data = normalize(dataset.counts, &NormalizeConfig::default())?.select_genes(&columns);
    let embedding = embed(&encoder, &data)?;

    let expected = Npz::open(&shared.join("golden/pbmc3k_reference.npz"))?.matrix("embedding")?;
    assert_eq!(embedding.values().dim(), expected.dim());
    let difference = (embedding.values() - &expected).iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    assert!(difference <= 1e-5, "largest difference {difference:e}");
    Ok(())
}
