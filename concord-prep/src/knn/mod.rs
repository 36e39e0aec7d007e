//! Exact nearest neighbours.

mod candidates;
mod points;

use concord_core::{Embedding, KnnGraph, Metric};
use gemm::Parallelism;
use ndarray::Array2;
use rayon::prelude::*;

use crate::PrepError;
use candidates::Candidates;
use points::Points;

/// Cells whose neighbours are searched together.
const BLOCK_CELLS: usize = 128;

/// Cells that they are compared with at a time: a tile of products is 512 kB and stays in a core's cache.
const TILE_CELLS: usize = 1024;

/// The `k` nearest neighbours of every cell, exactly: nearest first, among equals the first cell first.
///
/// All pairs are compared by matrix products in 32-bit floats; every pair that could be among the nearest given the
/// rounding of those is compared once more in 64-bit floats. So the result is that of brute force in 64-bit floats, for
/// any number of threads, and identical cells have distance 0. Needs memory for a copy of the embedding and about a
/// megabyte a thread.
///
/// # Errors
/// [`PrepError::NeighborCount`] when `k` is 0 or there are not `k` other cells, [`PrepError::TooManyCells`].
///
/// # Examples
/// ```
/// use concord_core::Embedding;
/// use concord_prep::{Metric, knn};
/// use ndarray::array;
///
/// let embedding = Embedding::new(array![[0.0, 1.0], [0.0, 3.0], [0.5, 1.0]])?;
/// let graph = knn(&embedding, 2, Metric::Euclidean)?;
/// assert_eq!(graph.neighbors(), array![[2, 1], [0, 2], [0, 1]]);
/// assert_eq!(graph.distances()[[0, 0]], 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn knn(embedding: &Embedding, k: usize, metric: Metric) -> Result<KnnGraph, PrepError> {
    let n_cells = embedding.n_cells();
    if k == 0 || k >= n_cells {
        return Err(PrepError::NeighborCount { k, n_cells });
    }
    if u32::try_from(n_cells).is_err() {
        return Err(PrepError::TooManyCells { n_cells });
    }
    let points = Points::new(embedding, metric);
    let mut neighbors = vec![0_u32; n_cells * k];
    let mut distances = vec![0.0_f32; n_cells * k];
    neighbors.par_chunks_mut(BLOCK_CELLS * k).zip(distances.par_chunks_mut(BLOCK_CELLS * k)).enumerate().for_each_init(
        || vec![0.0_f32; BLOCK_CELLS * TILE_CELLS],
        |products, (block, (neighbors, distances))| {
            search_block(&points, block * BLOCK_CELLS, k, products, neighbors, distances);
        },
    );
    let shaped = |_| PrepError::TooManyCells { n_cells };
    let neighbors = Array2::from_shape_vec((n_cells, k), neighbors).map_err(shaped)?;
    let distances = Array2::from_shape_vec((n_cells, k), distances).map_err(shaped)?;
    Ok(KnnGraph::new(neighbors, distances)?)
}

/// Finds the neighbours of as many cells from `first` on as there is room for in the output.
fn search_block(
    points: &Points<'_>,
    first: usize,
    k: usize,
    products: &mut [f32],
    neighbors: &mut [u32],
    distances: &mut [f32],
) {
    let n_block = neighbors.len() / k;
    let mut candidates: Vec<Candidates> =
        (first..first + n_block).map(|cell| Candidates::new(k, points.uncertainty(cell))).collect();
    for tile in (0..points.n_cells()).step_by(TILE_CELLS) {
        let n_tile = TILE_CELLS.min(points.n_cells() - tile);
        multiply(points.rows(first, n_block), points.rows(tile, n_tile), points.n_dimensions(), products);
        for (row, (candidates, products)) in candidates.iter_mut().zip(products.chunks_exact(n_tile)).enumerate() {
            candidates.consider(first + row, tile, points, products);
        }
    }
    let rows = neighbors.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
    for ((candidates, (neighbors, distances)), cell) in candidates.into_iter().zip(rows).zip(first..) {
        for (place, (distance, neighbor)) in candidates.nearest(cell, points).into_iter().enumerate() {
            neighbors[place] = neighbor;
            distances[place] = distance;
        }
    }
}

/// Inner products of two sets of points: `[a.len() / n_dimensions, b.len() / n_dimensions]`, row-major, into `products`.
#[allow(unsafe_code)]
fn multiply(a: &[f32], b: &[f32], n_dimensions: usize, products: &mut [f32]) {
    let (n_a, n_b) = (a.len() / n_dimensions, b.len() / n_dimensions);
    assert!(products.len() >= n_a * n_b, "room for all products");
    // SAFETY: `a` and `b` are row-major with n_dimensions columns, which the transposed strides of `b` respect; the
    // assertion above guarantees room for the n_a x n_b products, which no other reference can see.
    unsafe {
        gemm::gemm(
            n_a,
            n_b,
            n_dimensions,
            products.as_mut_ptr(),
            1,
            n_b as isize,
            false,
            a.as_ptr(),
            1,
            n_dimensions as isize,
            b.as_ptr(),
            n_dimensions as isize,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use concord_core::Dense;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn random(n_cells: usize, n_dimensions: usize, offset: f32) -> Embedding {
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(5);
        let values = Dense::from_shape_fn((n_cells, n_dimensions), |_| offset + generator.random_range(-1.0..1.0_f32));
        Embedding::new(values).unwrap()
    }

    /// The plain definition in 64-bit floats.
    fn brute_force(embedding: &Embedding, k: usize, metric: Metric) -> Vec<Vec<(f64, u32)>> {
        let wide = |cell: usize| embedding.point(cell).iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        (0..embedding.n_cells())
            .map(|cell| {
                let a = wide(cell);
                let distance = |other: usize| {
                    let b = wide(other);
                    match metric {
                        Metric::Euclidean => a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
                        Metric::Cosine => 1.0 - dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt(),
                    }
                };
                let others = (0..embedding.n_cells()).filter(|&other| other != cell);
                let mut others: Vec<_> = others.map(|other| (distance(other), other as u32)).collect();
                others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                others.truncate(k);
                others
            })
            .collect()
    }

    fn check_against_brute_force(embedding: &Embedding, k: usize, metric: Metric) -> Result<(), PrepError> {
        let graph = knn(embedding, k, metric)?;
        for (cell, expected) in brute_force(embedding, k, metric).into_iter().enumerate() {
            for (place, (distance, neighbor)) in expected.into_iter().enumerate() {
                let found = (graph.distances()[[cell, place]], graph.neighbors()[[cell, place]]);
                assert_eq!(found.1, neighbor, "{metric:?}, cell {cell}, place {place}");
                assert!((f64::from(found.0) - distance).abs() <= 1e-6 * distance.max(1e-3), "{found:?} {distance}");
            }
        }
        Ok(())
    }

    #[test]
    fn agrees_with_brute_force() -> Result<(), PrepError> {
        for metric in [Metric::Euclidean, Metric::Cosine] {
            // More cells than fit into one tile; then points so far from the origin that 32-bit products mislead.
            check_against_brute_force(&random(1100, 3, 0.0), 7, metric)?;
            check_against_brute_force(&random(150, 20, 0.5), 149, metric)?;
        }
        check_against_brute_force(&random(300, 10, 1000.0), 15, Metric::Euclidean)
    }

    #[test]
    fn products_that_round_badly_do_not_change_the_result() -> Result<(), PrepError> {
        // One cell far out makes 32-bit inner products useless for telling the others apart.
        let mut values = random(300, 10, 0.0).into_values();
        values.row_mut(0).fill(1e4);
        check_against_brute_force(&Embedding::new(values.clone())?, 15, Metric::Euclidean)?;
        // The squares of these are no 32-bit floats.
        values.mapv_inplace(|value| value * 1e30);
        check_against_brute_force(&Embedding::new(values)?, 15, Metric::Euclidean)
    }

    #[test]
    fn identical_cells_are_at_zero_and_in_order() -> Result<(), PrepError> {
        let base = random(10, 33, 0.3).into_values();
        let copies = Dense::from_shape_fn((200, 33), |(cell, dimension)| base[[cell % 10, dimension]]);
        let embedding = Embedding::new(copies)?;
        for metric in [Metric::Euclidean, Metric::Cosine] {
            let graph = knn(&embedding, 19, metric)?;
            assert!(graph.distances().iter().all(|&distance| distance == 0.0));
            let expected: Vec<u32> = (0..20).map(|copy| 3 + 10 * copy).filter(|&cell| cell != 43).collect();
            assert_eq!(graph.neighbors().row(43).to_vec(), expected);
        }
        Ok(())
    }

    #[test]
    fn a_cell_at_the_origin_has_no_direction() -> Result<(), PrepError> {
        let embedding = Embedding::new(ndarray::array![[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])?;
        let graph = knn(&embedding, 3, Metric::Cosine)?;
        assert_eq!(graph.neighbors().row(0).to_vec(), [1, 3, 2]);
        assert_eq!(graph.distances().row(0).to_vec(), [1.0, 1.0, 2.0]);
        assert_eq!(graph.distances().row(1).to_vec(), [1.0; 3]);
        Ok(())
    }

    #[test]
    fn threads_change_nothing() -> Result<(), PrepError> {
        let embedding = random(1000, 50, 0.0);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| knn(&embedding, 30, Metric::Cosine))
        };
        let serial = run(1)?;
        assert_eq!(serial, run(2)?);
        assert_eq!(serial, run(3)?);
        Ok(())
    }

    #[test]
    fn too_many_neighbours_is_an_error() {
        let embedding = random(5, 2, 0.0);
        assert!(knn(&embedding, 4, Metric::Euclidean).is_ok());
        for k in [0, 5, 100] {
            assert_eq!(knn(&embedding, k, Metric::Euclidean), Err(PrepError::NeighborCount { k, n_cells: 5 }));
        }
    }
}
