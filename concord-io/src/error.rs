use std::io;
use std::path::{Path, PathBuf};

use concord_core::CoreError;
use thiserror::Error;

/// Why a file could not be read or written.
///
/// Every message is one line that names the file and says what to do next.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IoError {
    /// There is no such file.
    #[error("{}: no such file; check the path", path.display())]
    NotFound {
        /// The file asked for.
        path: PathBuf,
    },
    /// The operating system would not let the file be read.
    #[error("{}: cannot be read ({source}); check its permissions and the disk", path.display())]
    Read {
        /// The file asked for.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another program has the file open for writing.
    #[error("{}: another program is writing it; close it there, or wait until it is done", path.display())]
    Busy {
        /// The file asked for.
        path: PathBuf,
    },
    /// The file is something else than HDF5.
    #[error("{}: not an HDF5 file{}; expected an .h5ad file", path.display(), if *n_bytes == 0 { " (it is empty)" } else { "" })]
    NotHdf5 {
        /// The file asked for.
        path: PathBuf,
        /// Its size in bytes.
        n_bytes: u64,
    },
    /// The file is shorter than it says.
    #[error("{}: the file is cut short ({detail}); copy or download it again", path.display())]
    Truncated {
        /// The file asked for.
        path: PathBuf,
        /// What HDF5 or the system says.
        detail: String,
    },
    /// Something in the file contradicts itself or cannot be decoded.
    #[error("{}: {object} is damaged ({detail}); write the file anew with anndata, or copy it again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The object in the file, such as `X/indptr`.
        object: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The file is HDF5 but lacks a part that every h5ad file has.
    #[error("{}: has no {object}, so it is no h5ad file; its top level holds: {}", path.display(), list(found))]
    MissingTable {
        /// The file.
        path: PathBuf,
        /// The missing object, `obs` or `var`.
        object: String,
        /// Names at the top level of the file.
        found: Vec<String>,
    },
    /// There is no `X`, or it is empty of a matrix.
    #[error("{}: has no X; {}", path.display(), alternatives(*has_raw, layers))]
    MissingMatrix {
        /// The file.
        path: PathBuf,
        /// Whether there is a `raw` matrix instead.
        has_raw: bool,
        /// The layers that could be used instead.
        layers: Vec<String>,
    },
    /// `raw` was asked for, and there is none.
    #[error("{}: has no raw; {}", path.display(), alternatives(false, layers))]
    MissingRaw {
        /// The file.
        path: PathBuf,
        /// The layers that could be used instead.
        layers: Vec<String>,
    },
    /// A layer was asked for that the file does not have.
    #[error("{}: has no layer '{layer}'; it has: {}", path.display(), list(available))]
    MissingLayer {
        /// The file.
        path: PathBuf,
        /// The layer asked for.
        layer: String,
        /// The layers there are.
        available: Vec<String>,
    },
    /// A matrix about cells was asked for that the file does not have.
    #[error("{}: has no {name} in obsm; {}", path.display(), in_obsm(available))]
    MissingObsm {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// What is in `obsm`.
        available: Vec<String>,
    },
    /// Genes were asked for that the matrix does not have.
    #[error("{}: {matrix} has no gene called {}; check the names, or whether they are symbols or identifiers", path.display(), first_of(genes))]
    MissingGenes {
        /// The file.
        path: PathBuf,
        /// The matrix, as [`MatrixSource`](crate::MatrixSource) shows it.
        matrix: String,
        /// The genes that are not there.
        genes: Vec<String>,
    },
    /// A gene was asked for twice.
    #[error("{}: the gene '{gene}' is selected twice; name it once", path.display())]
    RepeatedGene {
        /// The file.
        path: PathBuf,
        /// The gene.
        gene: String,
    },
    /// A row was asked for that the matrix does not have.
    #[error("{}: row {row} was asked for, but there are {n_cells}; rows are counted from 0", path.display())]
    RowOutOfRange {
        /// The file.
        path: PathBuf,
        /// The row.
        row: usize,
        /// How many rows there are.
        n_cells: usize,
    },
    /// Two parts of the file have sizes that do not fit each other.
    #[error("{}: {object} has {found} {unit}, but the file has {expected}; write the file anew with anndata", path.display())]
    ShapeMismatch {
        /// The file.
        path: PathBuf,
        /// The object in the file.
        object: String,
        /// What is counted: `cells`, `genes`, `values`.
        unit: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The file holds a form that this crate does not read, or cannot add to.
    #[error("{}: {object}: {detail}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The object in the file.
        object: String,
        /// What is not supported, and what to do.
        detail: String,
    },
    /// Something to be added to a file cannot be added under this name or with this length.
    #[error("cannot add {object}: {detail}")]
    InvalidAddition {
        /// What was to be added, such as `obsm/X_concord`.
        object: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The output could not be written; whatever was there before is untouched.
    #[error("{}: cannot be written ({detail}); check that the directory exists, is writable and has free space", path.display())]
    Write {
        /// The output file.
        path: PathBuf,
        /// What went wrong.
        detail: String,
    },
    /// The disk has too little room for what is to be written; nothing was.
    #[error("{}: needs {} more on its disk, which has {}; make room, or write it elsewhere", path.display(), megabytes(*needed), megabytes(*available))]
    NoSpace {
        /// The output file.
        path: PathBuf,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that there are.
        available: u64,
    },
    /// There is no 10x matrix in the file.
    #[error("{}: has no matrix of 10x; its top level holds: {}", path.display(), list(found))]
    NotTenx {
        /// The file.
        path: PathBuf,
        /// Names at the top level of the file.
        found: Vec<String>,
    },
    /// One of the three files of a 10x matrix is not there.
    #[error(
        "{}: has no {}{}; a 10x matrix is three files: the matrix, the barcodes, and the features (or genes)",
        folder.display(), wanted.join(" or "), beside(matrix)
    )]
    MissingTenxFile {
        /// The folder.
        folder: PathBuf,
        /// The names that the file could have.
        wanted: Vec<String>,
        /// The matrix that it belongs to; empty when that is the missing file.
        matrix: String,
    },
    /// A folder holds more than one matrix.
    #[error("{}: holds several matrices; give one of them by its own path: {}", path.display(), first_of(found))]
    SeveralMatrices {
        /// The folder.
        path: PathBuf,
        /// The matrices in it, or the folders with matrices.
        found: Vec<String>,
    },
    /// A genome was asked for that is not there, or none was, and there are several matrices.
    #[error("{}: {}", path.display(), about_genomes(wanted.as_deref(), available))]
    Genome {
        /// The file or folder.
        path: PathBuf,
        /// The genome asked for.
        wanted: Option<String>,
        /// The genomes there are.
        available: Vec<String>,
    },
    /// A type of features was asked for that is not there.
    #[error("{}: has no features of the type '{wanted}'; {}", path.display(), feature_types(available))]
    FeatureType {
        /// The file or folder.
        path: PathBuf,
        /// The type asked for.
        wanted: String,
        /// The types there are.
        available: Vec<String>,
    },
    /// The names beside a matrix are not as many as its rows or columns.
    #[error(
        "{}: names {found} {unit}, but {} has {expected}; {}",
        path.display(), matrix.display(), why_other_count(*expected, *found)
    )]
    NameCount {
        /// The file with the names.
        path: PathBuf,
        /// The file with the matrix.
        matrix: PathBuf,
        /// What is named: `cells` or `features`.
        unit: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Inputs that are to be joined share no gene.
    #[error(
        "no gene is in all of {}; {}; choose other inputs, or keep the genes of any input (outer join)",
        list_paths(paths),
        genes_of(paths, examples)
    )]
    NoCommonGenes {
        /// The inputs.
        paths: Vec<PathBuf>,
        /// The first few genes of each.
        examples: Vec<String>,
    },
    /// Genes were to be called by their identifiers, and an input has none.
    #[error("{}: has no identifiers of genes; call genes by their symbols instead", path.display())]
    NoGeneIds {
        /// The input.
        path: PathBuf,
    },
    /// The names given to inputs do not fit them.
    #[error("{} names of batches for {n_inputs} inputs ({}); give each input a name of its own", names.len(), list(names))]
    BatchNames {
        /// Number of inputs.
        n_inputs: usize,
        /// The names.
        names: Vec<String>,
    },
    /// The inputs have a column of the name that the one of batches was to have.
    #[error("the inputs have a column '{key}' already; choose another name for the one that tells them apart")]
    BatchKeyTaken {
        /// The name.
        key: String,
    },
    /// A line of a text file cannot be understood.
    #[error("{}, line {line}: {detail}; copy or make the file again", path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// The line, from 1; compressed files are counted as decompressed.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// A text file is damaged as a whole.
    #[error("{}: {detail}; copy or make the file again", path.display())]
    BadText {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The matrix was read, but its values are none that can be used.
    #[error(transparent)]
    Core(#[from] CoreError),
}

impl IoError {
    /// The error of a file that cannot be opened or read by the operating system.
    pub(crate) fn from_system(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path: path.to_owned() },
            io::ErrorKind::UnexpectedEof => {
                Self::Truncated { path: path.to_owned(), detail: "it ends before its data do".to_owned() }
            }
            _ => Self::Read { path: path.to_owned(), source },
        }
    }
}

/// A text in one line that does nothing to a terminal: characters that control something are spelt out.
pub(crate) fn printable(text: &str) -> String {
    let shown = |character: char| {
        if character.is_control() { character.escape_default().to_string() } else { character.to_string() }
    };
    text.chars().map(shown).collect()
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { printable(&names.join(", ")) }
}

/// The first few names, and how many more there are.
fn first_of(names: &[String]) -> String {
    let shown = printable(&names.iter().take(5).cloned().collect::<Vec<_>>().join(", "));
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

fn megabytes(n_bytes: u64) -> String {
    format!("{:.1} MB", n_bytes as f64 / 1e6)
}

fn in_obsm(available: &[String]) -> String {
    if available.is_empty() { "it has nothing there".to_owned() } else { format!("it has: {}", list(available)) }
}

/// The matrix that a missing file belongs to.
fn beside(matrix: &str) -> String {
    if matrix.is_empty() { String::new() } else { format!(" beside {matrix}") }
}

fn list_paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What the genes of the first inputs look like.
fn genes_of(paths: &[PathBuf], examples: &[String]) -> String {
    let shown = paths.iter().zip(examples).take(3);
    let shown: Vec<String> = shown.map(|(path, genes)| format!("{} has {genes}", path.display())).collect();
    shown.join("; ")
}

fn about_genomes(wanted: Option<&str>, available: &[String]) -> String {
    match wanted {
        Some(wanted) if available.is_empty() => format!("has no genome '{wanted}': it names no genomes"),
        Some(wanted) => format!("has no genome '{wanted}'; it has: {}", first_of(available)),
        None => format!("has a matrix for each of several genomes; choose one: {}", first_of(available)),
    }
}

fn feature_types(available: &[String]) -> String {
    if available.is_empty() {
        "it names no types, so all its features are genes".to_owned()
    } else {
        format!("it has: {}", first_of(available))
    }
}

/// What may be wrong when a file has names for another number of things.
fn why_other_count(expected: usize, found: usize) -> &'static str {
    if found == expected + 1 {
        "its first line may be a title, to be deleted, or the files belong to different matrices"
    } else {
        "the files belong to different matrices, or one is not complete"
    }
}

fn alternatives(has_raw: bool, layers: &[String]) -> String {
    match (has_raw, layers) {
        (true, []) => "read raw instead".to_owned(),
        (true, layers) => format!("read raw or one of the layers instead: {}", list(layers)),
        (false, []) => "there are no layers either".to_owned(),
        (false, layers) => format!("read one of the layers instead: {}", list(layers)),
    }
}
