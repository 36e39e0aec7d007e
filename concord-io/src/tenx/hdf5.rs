//! The HDF5 files of 10x: all of HDF5 that this folder uses is here.
//!
//! In the format of Cell Ranger 3 there is a group `matrix` with the features in a group of their own; in that of 2 a group for
//! each genome. Both keep a matrix of features by cells, compressed by cells: that is our matrix, compressed by rows.

use std::path::Path;

use concord_core::{Column, Csr};

use super::TenxFeatures;
use super::entries::Entries;
use crate::h5::{Dataset, ElementType, Group, H5File, Node, NumericArray, element_type, full_name, read_texts};
use crate::{IoError, MatrixNotes};

/// What of the features in the format of Cell Ranger 3 has a field of its own, and a list of the names of all others.
const READ_FEATURES: [&str; 6] = ["name", "feature_type", "genome", "id", "gene_id", "_all_tag_keys"];

/// A matrix in a file, found but not read.
#[derive(Debug)]
pub(super) struct Hdf5Matrix {
    file: H5File,
    group: Group,
    n_features: usize,
    n_cells: usize,
}

impl Hdf5Matrix {
    /// Whether there is a file with such a matrix.
    pub(super) fn is_there(path: &Path) -> bool {
        let has_matrix = |file: H5File| {
            genomes(&file).is_ok_and(|genomes| !genomes.is_empty())
                || new_format(&file).is_ok_and(|found| found.is_some())
        };
        path.is_file() && H5File::open(path).is_ok_and(has_matrix)
    }

    /// Finds the matrix, and reads the names of its cells and features.
    pub(super) fn open(path: &Path, genome: Option<&str>) -> Result<(Self, Vec<String>, TenxFeatures), IoError> {
        let file = H5File::open(path)?;
        let (group, features) = if let Some((group, features)) = new_format(&file)? {
            (group, new_features(&file, &features)?)
        } else {
            let (group, genome) = one_genome(&file, genome)?;
            let features = old_features(&file, &group, genome)?;
            (group, features)
        };
        let cells = texts(&file, &group, "barcodes")?;
        let matrix = Self { n_features: features.len(), n_cells: cells.len(), file, group };
        matrix.check_shape()?;
        Ok((matrix, cells, features))
    }

    /// Reads the matrix, `[n_cells, n_features]`.
    pub(super) fn read(&self) -> Result<(Csr, MatrixNotes), IoError> {
        let (row_ends, n_bad_ends) = self.array("indptr")?.read::<usize>()?;
        let (features, n_bad_features) = self.array("indices")?.read::<u32>()?;
        self.check(&row_ends, n_bad_ends, &features, n_bad_features)?;
        let data = self.array("data")?;
        if data.len() != features.len() {
            let detail = format!("{} values for {} indices", data.len(), features.len());
            return Err(self.file.corrupt(&self.name("data"), detail));
        }
        let (values, n_rounded) = data.read::<f32>()?;
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(self.file.corrupt(&self.name("data"), format!("value {place} is {}", values[place])));
        }
        let entries = Entries::from_rows(self.n_features, &row_ends, features, values);
        let (matrix, n_unsorted, n_duplicates) = entries.into_matrix(self.file.path())?;
        Ok((matrix, MatrixNotes { n_rounded, n_unsorted, n_duplicates }))
    }

    fn name(&self, part: &str) -> String {
        full_name(&self.group, part)
    }

    fn array(&self, part: &str) -> Result<NumericArray, IoError> {
        let array = NumericArray::open(&self.file, &dataset(&self.file, &self.group, part)?, &self.name(part))?;
        match array.shape() {
            [_] => Ok(array),
            _ => Err(self.file.corrupt(&self.name(part), "is not one-dimensional")),
        }
    }

    /// Holds the shape that the file names against the names in it.
    fn check_shape(&self) -> Result<(), IoError> {
        let (shape, n_bad) = self.array("shape")?.read::<usize>()?;
        if n_bad == 0 && shape == [self.n_features, self.n_cells] {
            return Ok(());
        }
        let detail =
            format!("it is {shape:?}, and there are {} features and {} barcodes", self.n_features, self.n_cells);
        Err(self.file.corrupt(&self.name("shape"), detail))
    }

    fn check(&self, row_ends: &[usize], n_bad_ends: usize, features: &[u32], n_bad: usize) -> Result<(), IoError> {
        let is_whole = row_ends.first() == Some(&0) && row_ends.last() == Some(&features.len());
        if n_bad_ends > 0 || !is_whole || row_ends.len() != self.n_cells + 1 || !row_ends.is_sorted() {
            let detail = format!("it does not rise from 0 to {} over {} cells", features.len(), self.n_cells);
            return Err(self.file.corrupt(&self.name("indptr"), detail));
        }
        if n_bad > 0 || features.iter().any(|&feature| feature as usize >= self.n_features) {
            let detail = format!("it points outside the {} features", self.n_features);
            return Err(self.file.corrupt(&self.name("indices"), detail));
        }
        Ok(())
    }
}

/// The groups of the matrix and of its features in the format of Cell Ranger 3.
fn new_format(file: &H5File) -> Result<Option<(Group, Group)>, IoError> {
    let Some(matrix) = file.top_group("matrix")? else { return Ok(None) };
    Ok(match file.node(&matrix, "features")? {
        Some(Node::Group(features)) => Some((matrix, features)),
        _ => None,
    })
}

/// The genomes of a file in the format of Cell Ranger 2.
fn genomes(file: &H5File) -> Result<Vec<String>, IoError> {
    let mut genomes = Vec::new();
    for name in file.root().names() {
        if let Some(Node::Group(group)) = file.node(file.root(), &name)?
            && ["genes", "barcodes", "indptr", "indices", "data"].iter().all(|part| group.has(part))
        {
            genomes.push(name);
        }
    }
    Ok(genomes)
}

/// The group of the genome that is asked for, or of the only one.
fn one_genome(file: &H5File, wanted: Option<&str>) -> Result<(Group, String), IoError> {
    let available = genomes(file)?;
    let path = || file.path().to_owned();
    let genome = match (wanted, available.as_slice()) {
        (_, []) => return Err(IoError::NotTenx { path: path(), found: file.root().names() }),
        (None, [only]) => only.clone(),
        (Some(wanted), available) if available.iter().any(|genome| genome == wanted) => wanted.to_owned(),
        (wanted, _) => {
            let wanted = wanted.map(str::to_owned);
            return Err(IoError::Genome { path: path(), wanted, available });
        }
    };
    match file.top_group(&genome)? {
        Some(group) => Ok((group, genome)),
        None => Err(file.corrupt(&genome, "it is no group")),
    }
}

fn old_features(file: &H5File, group: &Group, genome: String) -> Result<TenxFeatures, IoError> {
    let names = texts(file, group, "gene_names")?;
    let ids = texts_of(file, group, "genes", names.len())?;
    let genomes = vec![genome; names.len()];
    Ok(TenxFeatures { ids: Some(ids), genomes: Some(genomes), names, types: None, other: Vec::new() })
}

fn new_features(file: &H5File, group: &Group) -> Result<TenxFeatures, IoError> {
    let names = texts(file, group, "name")?;
    let of_all = |name: &str| texts_of(file, group, name, names.len());
    let types = of_all("feature_type")?;
    let known = group.names();
    let optional = |name: &str| known.iter().any(|known| known == name).then(|| of_all(name)).transpose();
    let genomes = optional("genome")?;
    // Matrices of probes: the identifiers are those of the probes, and the genes have their own.
    let (ids, probes) = match optional("gene_id")? {
        Some(ids) => (ids, Some(of_all("id")?)),
        None => (of_all("id")?, None),
    };
    let mut other = Vec::new();
    if let Some(probes) = probes {
        other.push(("probe_ids".to_owned(), Column::Texts(probes.into_iter().map(Some).collect())));
    }
    for name in known.into_iter().filter(|name| !READ_FEATURES.contains(&name.as_str())) {
        if let Some(column) = column(file, group, &name)?.filter(|column| column.len() == names.len()) {
            other.push((name, column));
        }
    }
    Ok(TenxFeatures { ids: Some(ids), types: Some(types), genomes, names, other })
}

/// What a file tells about features beside what has a field of its own; `None` for what is no column.
fn column(file: &H5File, group: &Group, name: &str) -> Result<Option<Column>, IoError> {
    let Some(Node::Dataset(dataset)) = file.node(group, name)? else { return Ok(None) };
    let object = full_name(group, name);
    Ok(match element_type(&dataset) {
        ElementType::Text => {
            read_texts(file, &dataset, &object)?.map(|texts| Column::Texts(texts.into_iter().map(Some).collect()))
        }
        ElementType::Boolean => {
            let (values, _) = NumericArray::open(file, &dataset, &object)?.read::<i64>()?;
            Some(Column::Booleans(values.into_iter().map(|value| Some(value != 0)).collect()))
        }
        ElementType::Number { .. } => {
            Some(Column::Floats(NumericArray::open(file, &dataset, &object)?.read::<f64>()?.0))
        }
        _ => None,
    })
}

fn dataset(file: &H5File, group: &Group, name: &str) -> Result<Dataset, IoError> {
    match file.node(group, name)? {
        Some(Node::Dataset(dataset)) => Ok(dataset),
        _ => Err(file.corrupt(group.name(), format!("its {name} is missing"))),
    }
}

fn texts(file: &H5File, group: &Group, name: &str) -> Result<Vec<String>, IoError> {
    let object = full_name(group, name);
    let dataset = dataset(file, group, name)?;
    let texts = read_texts(file, &dataset, &object)?;
    texts.ok_or_else(|| file.corrupt(&object, "it holds no texts"))
}

/// Texts, of which there must be a certain number.
fn texts_of(file: &H5File, group: &Group, name: &str, n_texts: usize) -> Result<Vec<String>, IoError> {
    let texts = texts(file, group, name)?;
    if texts.len() == n_texts {
        return Ok(texts);
    }
    let detail = format!("it has {} texts for {n_texts} features", texts.len());
    Err(file.corrupt(&full_name(group, name), detail))
}
