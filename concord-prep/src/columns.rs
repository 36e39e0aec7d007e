use concord_core::Csr;
use rayon::prelude::*;

/// Partial sums that a run over many cells is split into, at most; bounds the memory to this many rows of sums.
const MAX_CHUNKS: usize = 32;

/// Cells of a chunk, at least.
const MIN_CHUNK_CELLS: usize = 512;

/// For every column, the sum of `terms(cell)(column, value)` over the stored entries of the given cells.
///
/// The chunks depend on the number of cells alone and are added in their order, so that the sums are the same for any
/// number of threads.
pub(crate) fn sum_columns<const N: usize, T: Fn(usize, f32) -> [f64; N]>(
    matrix: &Csr,
    cells: &[usize],
    terms: impl Fn(usize) -> T + Sync,
) -> Vec<[f64; N]> {
    let n_chunks = (cells.len() / MIN_CHUNK_CELLS).clamp(1, MAX_CHUNKS);
    let chunk_cells = cells.len().div_ceil(n_chunks).max(1);
    let partial: Vec<Vec<[f64; N]>> =
        cells.par_chunks(chunk_cells).map(|chunk| sum_columns_serial(matrix, chunk, &terms)).collect();
    partial
        .into_iter()
        .reduce(|mut sums, partial| {
            for (sum, partial) in sums.iter_mut().zip(partial) {
                add(sum, partial);
            }
            sums
        })
        .unwrap_or_else(|| vec![[0.0; N]; matrix.cols()])
}

fn sum_columns_serial<const N: usize, T: Fn(usize, f32) -> [f64; N]>(
    matrix: &Csr,
    cells: &[usize],
    terms: impl Fn(usize) -> T,
) -> Vec<[f64; N]> {
    let starts = matrix.indptr();
    let starts = starts.raw_storage();
    let mut sums = vec![[0.0; N]; matrix.cols()];
    for &cell in cells {
        let terms = terms(cell);
        let entries = starts[cell]..starts[cell + 1];
        for (&column, &value) in matrix.indices()[entries.clone()].iter().zip(&matrix.data()[entries]) {
            let column = column as usize;
            add(&mut sums[column], terms(column, value));
        }
    }
    sums
}

#[inline]
fn add<const N: usize>(sum: &mut [f64; N], terms: [f64; N]) {
    for (sum, term) in sum.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// Mean and unbiased variance of a column, from its sum and sum of squares over `n_cells` cells.
pub(crate) fn mean_and_variance(sum: f64, sum_of_squares: f64, n_cells: usize) -> (f64, f64) {
    let n = n_cells as f64;
    // Exactly sum / n: the loess takes equal means for ties, and a mean that is off by one rounding is no tie.
    let mean = sum / n;
    let variance = sum_of_squares / n - mean * mean;
    (mean, if n_cells > 1 { variance * (n / (n - 1.0)) } else { variance })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_threads() {
        let (n_cells, n_genes) = (3000, 7);
        let data: Vec<f32> = (0..n_cells * n_genes).map(|i| (i as f32 * 0.37).sin().abs() * 1e3).collect();
        let indices = (0..n_cells).flat_map(|_| 0..n_genes as u32).collect();
        let indptr = (0..=n_cells).map(|cell| cell * n_genes).collect();
        let matrix = Csr::new((n_cells, n_genes), indptr, indices, data);
        let cells: Vec<usize> = (0..n_cells).filter(|cell| cell % 5 != 0).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                sum_columns(&matrix, &cells, |_| |_, value: f32| [f64::from(value), f64::from(value * value)])
            })
        };
        let serial = run(1);
        assert!(serial[0][0] > 0.0);
        assert_eq!(serial, run(2));
        assert_eq!(serial, run(5));
    }

    #[test]
    fn a_single_cell_has_no_variance() {
        assert_eq!(mean_and_variance(3.0, 9.0, 1), (3.0, 0.0));
        assert_eq!(mean_and_variance(4.0, 10.0, 2), (2.0, 2.0));
    }
}
