//! Uniform manifold approximation and projection ([McInnes, Healy and Melville, 2018][paper]), as umap-learn defines it.
//!
//! [paper]: https://arxiv.org/abs/1802.03426

mod curve;
mod dense;
mod force;
mod fuzzy;
#[cfg(test)]
mod golden;
mod init;
mod layout;
mod random;
mod spectral;

use concord_core::{Embedding, KnnGraph};

use crate::EmbedError;
use curve::Curve;
use force::Forces;
use fuzzy::FuzzyGraph;
use layout::LayoutOptions;

/// Where the cells of a picture start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Initialization {
    /// The first eigenvectors of the neighbour graph's normalised Laplacian.
    #[default]
    Spectral,
    /// The first principal components of the embedding.
    Pca,
    /// Anywhere.
    Random,
}

/// The options of [`umap`], named as in umap-learn (on a command line with `umap-` before the name).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct UmapConfig {
    /// Dimensions of the picture, 1 to 64
    #[cfg_attr(feature = "clap", arg(id = "umap_n_components", long = "umap-n-components", value_name = "N", default_value_t = Self::default().n_components))]
    pub n_components: usize,
    /// Size of the neighbourhood that is kept together; the cell itself counts as one, as in umap-learn and scanpy
    #[cfg_attr(feature = "clap", arg(id = "umap_n_neighbors", long = "umap-n-neighbors", value_name = "N", default_value_t = Self::default().n_neighbors))]
    pub n_neighbors: usize,
    /// Distance in the picture at which cells may lie close together, from 0 to the spread
    #[cfg_attr(feature = "clap", arg(id = "umap_min_dist", long = "umap-min-dist", value_name = "X", default_value_t = Self::default().min_dist))]
    pub min_dist: f64,
    /// Scale of the picture
    #[cfg_attr(feature = "clap", arg(id = "umap_spread", long = "umap-spread", value_name = "X", default_value_t = Self::default().spread))]
    pub spread: f64,
    /// Passes over the graph [default: 500 for up to 10,000 cells, 200 for more]
    #[cfg_attr(feature = "clap", arg(id = "umap_n_epochs", long = "umap-n-epochs", value_name = "N"))]
    pub n_epochs: Option<usize>,
    /// Where the cells start
    #[cfg_attr(feature = "clap", arg(id = "umap_init", long = "umap-init", value_name = "INIT", value_enum, default_value_t = Self::default().initialization))]
    pub initialization: Initialization,
    /// Step of the first epoch; it falls to 0 with the last
    #[cfg_attr(feature = "clap", arg(id = "umap_learning_rate", long = "umap-learning-rate", value_name = "X", default_value_t = Self::default().learning_rate))]
    pub learning_rate: f64,
    /// Random cells that push, for every edge that pulls
    #[cfg_attr(feature = "clap", arg(id = "umap_negative_sample_rate", long = "umap-negative-sample-rate", value_name = "N", default_value_t = Self::default().negative_sample_rate))]
    pub negative_sample_rate: usize,
    /// Weight of the pushing
    #[cfg_attr(feature = "clap", arg(id = "umap_repulsion_strength", long = "umap-repulsion-strength", value_name = "X", default_value_t = Self::default().repulsion_strength))]
    pub repulsion_strength: f64,
    /// Seed of everything random
    #[cfg_attr(feature = "clap", arg(skip))]
    pub seed: u64,
}

impl Default for UmapConfig {
    fn default() -> Self {
        Self {
            n_components: 2,
            n_neighbors: 30,
            min_dist: 0.1,
            spread: 1.0,
            n_epochs: None,
            initialization: Initialization::default(),
            learning_rate: 1.0,
            negative_sample_rate: 5,
            repulsion_strength: 1.0,
            seed: 0,
        }
    }
}

/// Most dimensions of a picture.
const MAX_COMPONENTS: usize = 64;
/// Up to this many cells a picture takes more epochs.
const FEW_CELLS: usize = 10_000;

impl UmapConfig {
    /// Number of neighbours that a [`KnnGraph`] of `n_cells` cells needs for these options.
    ///
    /// One less than `n_neighbors`, because a `KnnGraph` does not list the cell itself; of few cells, all others.
    pub fn n_graph_neighbors(&self, n_cells: usize) -> usize {
        self.n_neighbors.min(n_cells).saturating_sub(1)
    }

    fn epochs(&self, n_cells: usize) -> usize {
        self.n_epochs.unwrap_or(if n_cells <= FEW_CELLS { 500 } else { 200 })
    }

    /// Checks every value, before anything is computed.
    ///
    /// # Errors
    /// [`EmbedError::InvalidOption`] with the first option that is out of range.
    pub fn validate(&self) -> Result<(), EmbedError> {
        let check = |is_valid: bool, option, value, expected| {
            if is_valid { Ok(()) } else { Err(EmbedError::InvalidOption { option, value, expected }) }
        };
        let n_components = self.n_components as f64;
        check((1..=MAX_COMPONENTS).contains(&self.n_components), "umap-n-components", n_components, "from 1 to 64")?;
        check(self.n_neighbors >= 2, "umap-n-neighbors", self.n_neighbors as f64, "at least 2")?;
        check(self.spread > 0.0 && self.spread.is_finite(), "umap-spread", self.spread, "a positive number")?;
        check((0.0..=self.spread).contains(&self.min_dist), "umap-min-dist", self.min_dist, "from 0 to --umap-spread")?;
        let rate = self.learning_rate;
        check(rate > 0.0 && rate <= 1e3, "umap-learning-rate", rate, "a positive number up to 1000")?;
        let strength = self.repulsion_strength;
        check((0.0..=1e3).contains(&strength), "umap-repulsion-strength", strength, "from 0 to 1000")
    }
}

/// Draws an embedding in few dimensions so that neighbours stay together.
///
/// The model of umap-learn: smooth nearest-neighbour distances, a fuzzy union of the directed neighbourhoods, a start
/// from the graph's spectrum (or principal components, or anywhere) and stochastic gradient descent with negative
/// samples. Distances enter through `graph` only, so its metric is UMAP's metric; `embedding` is what the principal
/// components are taken of. The positions are not umap-learn's, whose random numbers differ; their quality is.
///
/// `progress(epoch, n_epochs)` is called after every epoch, with 1 for the first.
///
/// # Shapes
/// `embedding` is `[n_cells, n_dimensions]`. `graph` has as many cells and at least
/// [`UmapConfig::n_graph_neighbors`] neighbours for each: `n_neighbors` - 1 (29 for 30, since umap-learn counts the cell
/// itself), or all other cells when there are fewer. More are not looked at. The result is `[n_cells, n_components]`.
///
/// # Errors
/// [`EmbedError::InvalidOption`], [`EmbedError::CellMismatch`] or [`EmbedError::GraphTooSmall`].
///
/// # Examples
/// ```
/// use concord_core::{Embedding, KnnGraph};
/// use concord_embed::{UmapConfig, umap};
/// use ndarray::array;
///
/// let latent = Embedding::new(array![[0.0, 0.0], [0.0, 1.0], [5.0, 0.0], [5.0, 1.0]])?;
/// let graph = KnnGraph::new(array![[1], [0], [3], [2]], array![[1.0], [1.0], [1.0], [1.0]])?;
/// let config = UmapConfig { n_neighbors: 2, ..UmapConfig::default() };
/// let picture = umap(&latent, &graph, &config, &mut |_epoch, _n_epochs| ())?;
/// assert_eq!(picture.values().dim(), (4, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn umap(
    embedding: &Embedding,
    graph: &KnnGraph,
    config: &UmapConfig,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Embedding, EmbedError> {
    config.validate()?;
    let n_cells = embedding.n_cells();
    if graph.n_cells() != n_cells {
        return Err(EmbedError::CellMismatch { what: "neighbour graph", expected: n_cells, found: graph.n_cells() });
    }
    let k = config.n_graph_neighbors(n_cells);
    if graph.k() < k {
        return Err(EmbedError::GraphTooSmall { n_neighbors: config.n_neighbors, needed: k, found: graph.k() });
    }
    let fuzzy = FuzzyGraph::new(graph, k);
    let start = init::initial_positions(embedding, &fuzzy, config.initialization, config.n_components, config.seed);
    let options = LayoutOptions {
        forces: Forces::new(Curve::fit(config.min_dist, config.spread), config.repulsion_strength),
        n_epochs: config.epochs(n_cells),
        learning_rate: config.learning_rate,
        negative_sample_rate: config.negative_sample_rate,
        seed: config.seed,
    };
    Ok(Embedding::new(layout::optimize(&fuzzy, &start, &options, progress))?)
}
