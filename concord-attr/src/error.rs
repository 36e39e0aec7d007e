use thiserror::Error;

/// What can go wrong in attribution.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AttrError {
    /// An option has a value that makes no sense.
    #[error("--{option} {value} is out of range: {expected}")]
    Option {
        /// The option's name, as on the command line.
        option: &'static str,
        /// Its value.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Cells or a baseline of another width than the network's input.
    #[error("the network takes {expected} genes, {what} has {found}: select the network's input genes first")]
    GeneCount {
        /// What has another number.
        what: &'static str,
        /// Number of the network's input genes.
        expected: usize,
        /// Number of columns given.
        found: usize,
    },
    /// A matrix without cells.
    #[error("{what} is empty: choose at least one cell")]
    NoCells {
        /// What has none.
        what: &'static str,
    },
    /// A neuron that the network does not have.
    #[error("neuron {neuron} does not exist: the neurons are numbered from 0 to {}", .n_neurons.saturating_sub(1))]
    NoSuchNeuron {
        /// The number asked for.
        neuron: usize,
        /// How many there are.
        n_neurons: usize,
    },
    /// A direction of another length than the latent code.
    #[error("target '{target}' has {found} numbers, one for each of the {expected} neurons is needed")]
    DirectionLength {
        /// Name of the target.
        target: String,
        /// Number of neurons.
        expected: usize,
        /// Number given.
        found: usize,
    },
    /// A direction of no length, or with values that are not finite.
    #[error(
        "target '{target}' points nowhere: its two sides have the same mean code, or there are no cells on one side"
    )]
    NoDirection {
        /// Name of the target.
        target: String,
    },
    /// A gradient is not a finite number.
    #[error(
        "the attribution of target '{target}' is not finite: the network's weights are damaged or its inputs too large"
    )]
    NotFinite {
        /// Name of the target.
        target: String,
    },
    /// A list of genes names one that is not there.
    #[error("gene {gene} of a ranking does not exist: the genes are numbered from 0 to {}", .n_genes.saturating_sub(1))]
    NoSuchGene {
        /// The number given.
        gene: usize,
        /// How many there are.
        n_genes: usize,
    },
}
