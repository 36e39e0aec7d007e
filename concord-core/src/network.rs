use std::ops::Range;

use ndarray::{Array3, ArrayView1, ArrayView2};

use crate::{Dense, LogNorm};

/// A network whose first step is linear in the genes: `f(x) = g(x W + b)`.
///
/// This is all that attribution asks of a model, so any tool can have its own network attributed. Because the first step
/// is linear, a gradient with respect to the genes is the gradient with respect to its output times `W`; nobody needs to
/// walk back through the largest layer. A network that begins otherwise can say that `W` is the identity.
///
/// The functions must be pure (evaluation mode: no dropout, no statistics of a batch), and row `i` of a result may depend
/// on row `i` of the input alone.
///
/// ```
/// use concord_core::{Dense, Network};
/// use ndarray::{Array3, ArrayView1, ArrayView2, Axis};
///
/// /// One hidden layer with the square as its activation: neuron k is the square of hidden unit k.
/// struct Squares(Dense, ndarray::Array1<f32>);
///
/// impl Network for Squares {
///     fn weights(&self) -> ArrayView2<'_, f32> {
///         self.0.view()
///     }
///     fn bias(&self) -> ArrayView1<'_, f32> {
///         self.1.view()
///     }
///     fn n_neurons(&self) -> usize {
///         self.0.ncols()
///     }
///     fn outputs(&self, hidden: ArrayView2<'_, f32>) -> Dense {
///         hidden.mapv(|h| h * h)
///     }
///     fn gradients(&self, hidden: ArrayView2<'_, f32>, directions: ArrayView2<'_, f32>) -> Array3<f32> {
///         let directions = directions.insert_axis(Axis(1));
///         &hidden.insert_axis(Axis(0)) * 2.0 * &directions
///     }
/// }
///
/// let network = Squares(ndarray::array![[1.0, 0.0], [0.0, 3.0]], ndarray::array![0.0, 0.0]);
/// let hidden = ndarray::array![[1.0, 3.0], [3.0, 3.0]];
/// let first_neuron = ndarray::array![[1.0, 0.0]];
/// assert_eq!(network.gradients(hidden.view(), first_neuron.view()), ndarray::array![[[2.0, 0.0], [6.0, 0.0]]]);
/// ```
pub trait Network: Sync {
    /// The weights `W` of the first step, `[n_genes, n_hidden]`.
    fn weights(&self) -> ArrayView2<'_, f32>;

    /// The bias `b` of the first step, `[n_hidden]`.
    fn bias(&self) -> ArrayView1<'_, f32>;

    /// Number of neurons that the network ends in.
    fn n_neurons(&self) -> usize;

    /// The rest `g`: from the first step's output, `[n_cells, n_hidden]`, to the neurons, `[n_cells, n_neurons]`.
    fn outputs(&self, hidden: ArrayView2<'_, f32>) -> Dense;

    /// The gradient of each direction of the neurons with respect to the first step's output.
    ///
    /// `hidden` is `[n_cells, n_hidden]`, `directions` is `[n_directions, n_neurons]`; entry `(d, c)` of the result,
    /// `[n_directions, n_cells, n_hidden]`, is the gradient of the scalar product of direction `d` and the neurons of
    /// cell `c`.
    fn gradients(&self, hidden: ArrayView2<'_, f32>, directions: ArrayView2<'_, f32>) -> Array3<f32>;

    /// The first step `x W + b` of some cells (rows of the data), `[n_cells, n_hidden]`, if the network has a faster way to
    /// it than to add up the weights: the same numbers as from [`weights`](Self::weights) and [`bias`](Self::bias).
    fn first_step(&self, _data: &LogNorm, _cells: Range<usize>) -> Option<Dense> {
        None
    }

    /// The Jacobian of the neurons with respect to the first step's output, averaged over the cells,
    /// `[n_neurons, n_hidden]`, if the network knows a shorter way to it than the gradients of all neurons.
    fn mean_jacobian(&self, _hidden: ArrayView2<'_, f32>) -> Option<Dense> {
        None
    }
}
