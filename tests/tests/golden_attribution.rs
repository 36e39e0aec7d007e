//! The mean Jacobians that the reference computed for its own model of pbmc3k (`shared/golden/pbmc3k_reference.npz`).

use std::{error::Error, time::Instant};

use concord_attr::importance;
use concord_core::Column;
use concord_io::{ReadOptions, read_h5ad};
use concord_model::{Device, load};
use concord_prep::{NormalizeConfig, normalize};
use concord_tests::{Npz, shared};

/// As in the program, so that the time that is printed is the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[test]
#[allow(clippy::print_stderr, reason = "differences and the time are worth seeing")]
fn importance_is_that_of_the_reference_for_every_cell_type() -> Result<(), Box<dyn Error>> {
    let Some(shared) = shared("the importance matrices of the reference") else { return Ok(()) };
    let (encoder, card) = load(&shared.join("golden/python_model_pbmc3k"), &Device::cpu())?;
    let dataset = read_h5ad(shared.join("data/pbmc3k_counts.h5ad"), &ReadOptions::default())?;
    let columns: Option<Vec<usize>> = card.features.iter().map(|gene| dataset.genes.position(gene)).collect();
    let columns = columns.ok_or("the file lacks a gene of the model")?;
    let Some(Column::Labels(cell_types)) = dataset.obs.get("louvain") else { return Err("no cell types".into()) };
    let cell_types = cell_types.clone();
    let data = normalize(dataset.counts, &NormalizeConfig::default())?.select_genes(&columns);
    let mut golden = Npz::open(&shared.join("golden/pbmc3k_reference.npz"))?;

    let network = encoder.network_up_to(6)?;
    let mut seconds = 0.0;
    assert_eq!(cell_types.n_categories(), 8);
    for (name, members) in cell_types.names().iter().zip(cell_types.members()) {
        let cells = data.select_cells(&members);
        let start = Instant::now();
        let ours = importance(&network, &cells)?;
        seconds += start.elapsed().as_secs_f64();
        let expected = golden.matrix(&format!("importance|{name}"))?;
        assert_eq!(ours.dim(), expected.dim());
        let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let difference = (&ours - &expected).iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        assert!(difference <= 1e-5 * largest, "{name}: {difference:e}, largest entry {largest:e}");
        eprintln!("{name}: largest difference {:.1e} of the largest entry", difference / largest);
    }
    eprintln!("all contexts: {seconds:.3} s");
    Ok(())
}
