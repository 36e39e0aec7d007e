//! A network small enough to check by hand: genes, linear, tanh, linear, tanh.
#![allow(unreachable_pub, dead_code, reason = "each test takes what it needs")]

use concord_core::{Csr, Dense, LogNorm, Network};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2};

/// `tanh(tanh(x W + b) V + c)`.
pub struct Toy {
    pub first: Dense,
    pub first_bias: Array1<f32>,
    pub second: Dense,
    pub second_bias: Array1<f32>,
}

impl Network for Toy {
    fn weights(&self) -> ArrayView2<'_, f32> {
        self.first.view()
    }

    fn bias(&self) -> ArrayView1<'_, f32> {
        self.first_bias.view()
    }

    fn n_neurons(&self) -> usize {
        self.second.ncols()
    }

    fn outputs(&self, hidden: ArrayView2<'_, f32>) -> Dense {
        (hidden.mapv(f32::tanh).dot(&self.second) + &self.second_bias).mapv(f32::tanh)
    }

    fn gradients(&self, hidden: ArrayView2<'_, f32>, directions: ArrayView2<'_, f32>) -> Array3<f32> {
        let slope = |y: f32| 1.0 - y * y;
        let inner = hidden.mapv(f32::tanh).mapv(slope);
        let outer = self.outputs(hidden).mapv(slope);
        let mut result = Array3::zeros((directions.nrows(), hidden.nrows(), hidden.ncols()));
        for (direction, mut result) in directions.rows().into_iter().zip(result.outer_iter_mut()) {
            result.assign(&((&outer * &direction).dot(&self.second.t()) * &inner));
        }
        result
    }
}

/// Rows of genes as sparse cells.
pub fn sparse(rows: &Dense) -> LogNorm {
    let (mut indptr, mut indices, mut data) = (vec![0], Vec::new(), Vec::new());
    for row in rows.rows() {
        for (gene, &value) in row.iter().enumerate().filter(|&(_, &value)| value != 0.0) {
            indices.push(gene as u32);
            data.push(value);
        }
        indptr.push(indices.len());
    }
    LogNorm::from_logged(Csr::new(rows.dim(), indptr, indices, data)).expect("the rows are finite and not negative")
}

/// A matrix of a list of lists.
pub fn matrix(rows: &[Vec<f64>]) -> Dense {
    let n_columns = rows.first().map_or(0, Vec::len);
    Array2::from_shape_fn((rows.len(), n_columns), |(row, column)| rows[row][column] as f32)
}
