//! Cells to train on, and cells that are left out to tell how good the model is.

use rand::seq::SliceRandom;

use crate::{
    ModelError, TrainConfig,
    random::{Purpose, stream},
    sampler::{SMALLEST_BATCH, in_batches},
};

/// A random division of the cells.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    /// Ascending.
    pub(crate) training: Vec<usize>,
    /// The cells left out, in batches that are the same in all epochs, so that losses can be compared.
    pub(crate) validation: Vec<Vec<usize>>,
}

impl Split {
    /// None when all cells are trained on.
    pub(crate) fn new(n_cells: usize, config: &TrainConfig) -> Result<Option<Self>, ModelError> {
        let train_frac = config.train_frac;
        if train_frac >= 1.0 {
            return Ok(None);
        }
        let n_training = (train_frac * n_cells as f64) as usize;
        let n_left = n_cells - n_training;
        if n_left < SMALLEST_BATCH {
            return Err(ModelError::TooFewForValidation { n_cells, train_frac, n_left, minimum: SMALLEST_BATCH });
        }
        let mut cells: Vec<usize> = (0..n_cells).collect();
        cells.shuffle(&mut stream(config.seed, Purpose::Split, &[]));
        let validation = in_batches(&cells[n_training..], config.batch_size).map(<[usize]>::to_vec).collect();
        cells.truncate(n_training);
        cells.sort_unstable();
        Ok(Some(Self { training: cells, validation }))
    }

    /// The cells left out, ascending.
    pub(crate) fn held_out(&self) -> Vec<usize> {
        let mut cells = self.validation.concat();
        cells.sort_unstable();
        cells
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_cell_is_on_one_side() {
        let config = TrainConfig { train_frac: 0.8, batch_size: 60, ..TrainConfig::default() };
        let split = Split::new(1000, &config).unwrap().unwrap();
        assert_eq!(split.training.len(), 800);
        let n_cells: Vec<usize> = split.validation.iter().map(Vec::len).collect();
        assert_eq!(n_cells, [60, 60, 60, 20]);
        assert!(split.held_out().is_sorted());
        let mut all = [split.held_out(), split.training].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn validation_needs_some_cells() {
        assert!(Split::new(10, &TrainConfig::default()).unwrap().is_none());
        let error = Split::new(10, &TrainConfig { train_frac: 0.7, ..TrainConfig::default() }).unwrap_err();
        assert!(matches!(error, ModelError::TooFewForValidation { n_left: 3, .. }), "{error}");
    }
}
