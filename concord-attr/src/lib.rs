//! Which genes drive which neuron of a network, in which cells, and how far to trust the answer.
//!
//! [`importance`] is the mean Jacobian of all neurons over a context (some cells), as the CONCORD paper has it;
//! [`attribute`] gives gradient x input, integrated gradients, expected gradients and `SmoothGrad` for chosen
//! [`Target`]s: a neuron, a context against the rest, one context against another, or any direction of the latent
//! space. [`ranked_genes`] makes the lists. [`perturbation_curves`], [`spearman`], [`top_overlap`] and [`consensus`]
//! measure whether the lists mean something: what deleting the genes does, and what other seeds say.
//!
//! The network comes in through the trait [`Network`], which asks for a linear first step and the derivatives of the
//! rest; nothing here knows of any framework. Every method works on the output of that first step, because straight
//! lines between cells stay straight in it: only one product with the first weights is needed, at the end.
//!
//! # Which method?
//! The plain gradient asks what a little more of a gene would do, expressed or not, and so ranks genes that are hardly
//! detected. Integrated gradients from the mean cell (the default) ask how the genes of these cells make them differ
//! from the average cell, and add up to that difference ([`Completeness`]). A network with layer normalisation hardly
//! knows how much there is in total, so that a cell of zeros is no meaningful start: from there the parts do not add
//! up.
//!
//! ```
//! use concord_attr::{AttributeConfig, Baseline, Filter, Target, attribute, gene_statistics, ranked_genes};
//! use concord_core::{Csr, Dense, LogNorm, Network};
//! use ndarray::{Array1, Array3, ArrayView1, ArrayView2, Axis, array};
//!
//! /// Two neurons, the squares of sums of genes.
//! struct Squares(Dense, Array1<f32>);
//! impl Network for Squares {
//!     fn weights(&self) -> ArrayView2<'_, f32> { self.0.view() }
//!     fn bias(&self) -> ArrayView1<'_, f32> { self.1.view() }
//!     fn n_neurons(&self) -> usize { 2 }
//!     fn outputs(&self, hidden: ArrayView2<'_, f32>) -> Dense { hidden.mapv(|h| h * h) }
//!     fn gradients(&self, hidden: ArrayView2<'_, f32>, directions: ArrayView2<'_, f32>) -> Array3<f32> {
//!         &hidden.insert_axis(Axis(0)) * 2.0 * &directions.insert_axis(Axis(1))
//!     }
//! }
//! let network = Squares(array![[1.0, 0.0], [0.5, 0.0], [0.0, 1.0]], array![0.0, 0.0]);
//!
//! let cells = LogNorm::from_logged(Csr::new((2, 3), vec![0, 2, 4], vec![0, 1, 0, 2], vec![2.0, 1.0, 1.0, 3.0]))?;
//! let targets = [Target::neuron(0, 2)?];
//! let attribution = attribute(&network, &cells, &targets, &Baseline::Zeros, &AttributeConfig::default())?;
//! let statistics = gene_statistics(&cells);
//! let list = ranked_genes(attribution.scores.column(0), &statistics, &statistics, &Filter::default());
//! assert_eq!(list.iter().map(|gene| gene.gene).collect::<Vec<_>>(), [0, 1, 2]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![allow(clippy::needless_pass_by_value, reason = "views are passed by value, as ndarray itself does")]

mod agreement;
mod attribute;
mod config;
mod context;
mod error;
mod first_step;
mod importance;
mod perturbation;
mod quadrature;
mod random;
mod ranking;
mod target;

pub use agreement::{ConsensusGene, consensus, spearman, top_overlap};
pub use attribute::{Attribution, Baseline, Completeness, attribute};
pub use concord_core::Network;
pub use config::{AttributeConfig, Method, Sign};
pub use context::{context_means, rest_mean, top_neurons};
pub use error::AttrError;
pub use importance::{activations, importance};
pub use perturbation::{Curve, Followed, PerturbConfig, Perturbation, Replacement, perturbation_curves};
pub use ranking::{Filter, GeneStatistics, RankedGene, descending, gene_statistics, ranked_genes};
pub use target::Target;
