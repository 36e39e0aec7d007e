use concord_core::{Dense, LogNorm, Network};
use ndarray::{Array1, ArrayView2};

use crate::{
    AttrError, Baseline, Method,
    first_step::{check_cells, check_genes, hidden, hidden_of_row},
};

/// The baseline as the methods need it.
pub(super) enum Start<'a> {
    /// The plain methods have none.
    None,
    /// A row of genes, and the first step's output for it.
    Point { row: Array1<f32>, hidden: Array1<f32> },
    /// Cells to draw from, with the first step's outputs, `[n_cells, n_hidden]`, and the targets' levels,
    /// `[n_cells, n_targets]`.
    Cells { cells: &'a LogNorm, hidden: Dense, levels: Dense },
}

impl<'a> Start<'a> {
    /// Brings a baseline into the shape that the method needs.
    pub(super) fn new<N: Network + ?Sized>(
        network: &N,
        directions: ArrayView2<'_, f32>,
        baseline: &Baseline<'a>,
        method: Method,
    ) -> Result<Self, AttrError> {
        if !method.is_integrated() {
            return Ok(Self::None);
        }
        let row = match *baseline {
            Baseline::Zeros => Array1::zeros(network.weights().nrows()),
            Baseline::Point(row) => {
                check_genes(network, "the baseline", row.len())?;
                Array1::from(row.to_vec())
            }
            Baseline::Cells(cells) => {
                check_cells(network, "the matrix of baseline cells", cells)?;
                if method == Method::ExpectedGradients {
                    let hidden = hidden(network, cells, 0..cells.n_cells());
                    let levels = network.outputs(hidden.view()).dot(&directions.t());
                    return Ok(Self::Cells { cells, hidden, levels });
                }
                crate::gene_statistics(cells).mean_expression.into_iter().map(|mean| mean as f32).collect()
            }
        };
        let hidden = hidden_of_row(network, row.view());
        Ok(Self::Point { row, hidden })
    }
}
