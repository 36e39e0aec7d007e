use thiserror::Error;

/// Why a figure could not be made.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PlotError {
    /// There is nothing to draw.
    #[error("{what} is empty: there is nothing to draw")]
    Empty {
        /// What was expected to hold something.
        what: &'static str,
    },
    /// The embedding cannot be drawn on paper.
    #[error("the embedding has {found} dimensions, a figure needs 2: compute a two-dimensional UMAP first")]
    NotTwoDimensional {
        /// Number of dimensions of the embedding.
        found: usize,
    },
    /// The embedding cannot be drawn on a screen.
    #[error("embedding `{name}` has {found} dimensions, a report draws 2 or 3: compute a UMAP of it first")]
    NotTwoOrThreeDimensional {
        /// Name of the embedding.
        name: String,
        /// Number of its dimensions.
        found: usize,
    },
    /// Two things that must have the same length have not.
    #[error("{what}: expected {expected} entries, found {found}; pass data of the same cells in the same order")]
    LengthMismatch {
        /// What has the wrong length.
        what: String,
        /// The length that the rest of the data has.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// A setting is out of its range.
    #[error("{name} is {value}, expected {expected}")]
    BadSetting {
        /// Name of the setting.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// What the setting may be.
        expected: &'static str,
    },
    /// A colour is not written as `#rrggbb`.
    #[error("`{text}` is no colour, write it as #rrggbb")]
    BadColour {
        /// The text that was given.
        text: String,
    },
    /// A palette is shorter than the list of categories.
    #[error("the palette has {found} colours for {expected} categories; give one for each, or none for the default")]
    PaletteTooShort {
        /// Number of categories.
        expected: usize,
        /// Number of colours.
        found: usize,
    },
    /// A column has too many categories to be one.
    #[error("`{name}` has {found} categories, a report takes {most}: is it a column of identifiers? Leave it out")]
    TooManyCategories {
        /// Name of the column.
        name: String,
        /// Number of categories.
        found: usize,
        /// The most that are taken.
        most: usize,
    },
    /// A neuron is not in the latent code.
    #[error("target `{target}` names neuron {neuron} of {n_neurons}; neurons are counted from 0")]
    NoSuchNeuron {
        /// Name of the target.
        target: String,
        /// The neuron that it names.
        neuron: usize,
        /// Number of neurons of the latent code.
        n_neurons: usize,
    },
    /// A report would be larger than browsers open.
    #[error("the report would hold {bytes} bytes of data, browsers take {most}: show fewer cells or pack fewer genes")]
    ReportTooLarge {
        /// Bytes of the data of its cells.
        bytes: usize,
        /// The most that it may hold.
        most: usize,
    },
    /// The merges of a dendrogram do not make a tree.
    #[error("merge {merge} of the dendrogram joins cluster {cluster}, which does not exist yet or was joined before")]
    BadDendrogram {
        /// Position of the merge, from 0.
        merge: usize,
        /// The cluster that it names.
        cluster: usize,
    },
    /// An order of rows or columns is not a permutation.
    #[error("the order of the {what} names position {position} of {length} twice or out of range")]
    BadOrder {
        /// Rows or columns.
        what: &'static str,
        /// The offending position.
        position: usize,
        /// Number of rows or columns.
        length: usize,
    },
    /// The picture would need more pixels than fit in memory.
    #[error("a picture of {width} x {height} pixels is too large: lower the resolution")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A drawing library refused the figure; this is a fault of concord, not of the data.
    #[error("the figure could not be written as {format}: {reason}; please report this")]
    Render {
        /// The format that was being written.
        format: &'static str,
        /// What the library said.
        reason: String,
    },
}
