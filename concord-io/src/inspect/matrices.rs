use crate::IoError;
use crate::dataset::{MatrixSource, find_raw, member_names};
use crate::h5::{Compression, H5File, Node, NumberType, NumericArray, Scratch};
use crate::matrix::{MatrixStorage, StoredMatrix};

/// Values looked at in each of three places of a matrix: its beginning, its middle and its end.
const SAMPLE_VALUES: usize = 1 << 16;

/// One of a file's matrices.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixSummary {
    /// Where it is.
    pub source: MatrixSource,
    /// Number of rows.
    pub n_cells: usize,
    /// Number of columns.
    pub n_genes: usize,
    /// How it is kept.
    pub storage: MatrixStorage,
    /// The type of its values in the file.
    pub number: NumberType,
    /// How its values are compressed.
    pub compression: Compression,
    /// Number of values in the file: of a sparse matrix those that are not zero, of a dense one all.
    pub n_stored: usize,
    /// What a sample of the values looks like.
    pub sample: MatrixSample,
}

/// What a bounded sample of the values of a matrix looks like. Zeros are not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MatrixSample {
    /// Number of values looked at that are not zero.
    pub n_values: usize,
    /// How many of them are not whole.
    pub n_fractions: usize,
    /// How many of them are negative.
    pub n_negative: usize,
    /// How many of them are NaN or infinite.
    pub n_not_finite: usize,
    /// The largest finite value; 0 when there is none.
    pub max: f32,
}

/// What the values of a matrix seem to be, judging by a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleState {
    /// Nothing but zeros.
    Zeros,
    /// Whole numbers, none negative: counts.
    Counts,
    /// Fractions, none negative: normalised, and logged when the largest value is small.
    Normalized,
    /// Some are negative: scaled, or something else than expression.
    Negative,
    /// Some are NaN or infinite.
    NotFinite,
}

impl MatrixSample {
    /// What the matrix seems to be.
    pub fn state(&self) -> SampleState {
        match self {
            Self { n_not_finite: 1.., .. } => SampleState::NotFinite,
            Self { n_negative: 1.., .. } => SampleState::Negative,
            Self { n_fractions: 1.., .. } => SampleState::Normalized,
            Self { n_values: 1.., .. } => SampleState::Counts,
            _ => SampleState::Zeros,
        }
    }

    fn add(&mut self, values: &[f32]) {
        for &value in values.iter().filter(|&&value| value != 0.0) {
            self.n_values += 1;
            if !value.is_finite() {
                self.n_not_finite += 1;
                continue;
            }
            self.n_fractions += usize::from(value.fract() != 0.0);
            self.n_negative += usize::from(value < 0.0);
            self.max = self.max.max(value);
        }
    }
}

/// Summaries of the matrices that can be read, and one line about each of those that cannot.
pub(super) fn summaries(file: &H5File) -> Result<(Vec<MatrixSummary>, Vec<String>), IoError> {
    let root = file.root();
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let mut add = |source: MatrixSource, matrix: Result<Option<StoredMatrix>, IoError>| match matrix
        .and_then(|matrix| matrix.map(|matrix| summary(source, &matrix)).transpose())
    {
        Ok(summary) => found.extend(summary),
        Err(error) => problems.push(error.to_string()),
    };
    add(MatrixSource::X, StoredMatrix::find(file, root, "X"));
    add(MatrixSource::Raw, find_raw(file).map(|found| found.map(|(matrix, _)| matrix)));
    if let Some(Node::Group(layers)) = file.node(root, "layers")? {
        for layer in member_names(file, root, "layers")? {
            let matrix = StoredMatrix::find(file, &layers, &layer);
            add(MatrixSource::Layer(layer), matrix);
        }
    }
    Ok((found, problems))
}

fn summary(source: MatrixSource, matrix: &StoredMatrix) -> Result<MatrixSummary, IoError> {
    let (n_cells, n_genes) = matrix.shape();
    Ok(MatrixSummary {
        source,
        n_cells,
        n_genes,
        storage: matrix.storage(),
        number: matrix.number(),
        compression: matrix.compression(),
        n_stored: matrix.n_stored(),
        sample: sample(matrix.values())?,
    })
}

fn sample(values: &NumericArray) -> Result<MatrixSample, IoError> {
    let mut sample = MatrixSample::default();
    if values.shape().len() == 1 {
        let n_values = values.len();
        if n_values <= 3 * SAMPLE_VALUES {
            sample.add(&values.read::<f32>()?.0);
            return Ok(sample);
        }
        for start in [0, (n_values - SAMPLE_VALUES) / 2, n_values - SAMPLE_VALUES] {
            sample.add(&values.read_range::<f32>(start..start + SAMPLE_VALUES)?.0);
        }
        return Ok(sample);
    }
    let mut blocks = match values.n_blocks() {
        0 => return Ok(sample),
        n_blocks => vec![0, n_blocks / 2, n_blocks - 1],
    };
    blocks.dedup();
    let mut scratch = Scratch::new();
    for block in blocks {
        sample.add(&values.read_block::<f32>(block, &mut scratch)?.0);
    }
    Ok(sample)
}
