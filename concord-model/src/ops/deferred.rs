//! The gradient of the first weights, which nobody writes out.

use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};

use super::SharedBatch;

/// Where the backward pass leaves what the gradient of the first weights is the product of: the batch, and the gradient
/// of the layer's output.
///
/// The weights are the only large thing in the model. Automatic differentiation wants a gradient of their size; it gets a
/// stand-in that takes no memory, and the optimiser multiplies and updates some genes at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deferred(Arc<Mutex<Option<Product>>>);

/// A batch `[n_cells, n_genes]`, and a gradient `[n_cells, width]`.
#[derive(Debug)]
pub(crate) struct Product {
    pub(super) batch: SharedBatch,
    pub(super) gradient: FlexTensor,
}

impl Deferred {
    /// Keeps a product, and gives the stand-in for it.
    pub(super) fn put(&self, batch: SharedBatch, gradient: FlexTensor) -> FlexTensor {
        let shape = Shape::from(vec![batch.n_genes(), gradient.layout().shape()[1]]);
        let earlier = self.replace(Some(Product { batch, gradient }));
        assert!(earlier.is_none(), "a product was deferred before the earlier one was used");
        FlexTensor::new(Bytes::from_elems(vec![0.0f32]), Layout::new(shape, vec![0, 0], 0), DType::F32)
    }

    /// What is there, which is then no longer there.
    pub(super) fn take(&self) -> Option<Product> {
        self.replace(None)
    }

    /// Moves what is there to another place.
    pub(super) fn move_to(&self, other: &Self) {
        other.replace(self.take());
    }

    /// The product that a gradient stands for, if it does. A stand-in is of use to the optimiser alone: clipped or added to
    /// another, it would be zeros.
    pub(super) fn take_for(&self, gradient: &FlexTensor) -> Option<Product> {
        let stands_in = gradient.layout().strides() == [0, 0];
        if !stands_in {
            return None;
        }
        let product = self.take().expect("what a gradient stands in for is used once, by the step after it");
        let shape = [product.batch.n_genes(), product.gradient.layout().shape()[1]];
        assert_eq!(gradient.layout().shape()[..], shape, "a gradient stands in for another product");
        Some(product)
    }

    fn replace(&self, product: Option<Product>) -> Option<Product> {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), product)
    }
}
