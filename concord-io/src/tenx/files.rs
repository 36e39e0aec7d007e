//! Where the three files of a MatrixMarket matrix are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::IoError;

/// How the names of matrices end; what stands before is a prefix that the other two files share.
const MATRIX: &str = "matrix.mtx";

/// The three files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarketFiles {
    pub(super) matrix: PathBuf,
    pub(super) barcodes: PathBuf,
    pub(super) features: PathBuf,
}

/// The prefix of a matrix's name, when that is how matrices are called: `GSM1_` of `GSM1_matrix.mtx.gz`.
pub(super) fn prefix(name: &str) -> Option<&str> {
    name.strip_suffix(".gz").unwrap_or(name).strip_suffix(MATRIX)
}

/// The files of the matrix in a folder. Folders in the folder are looked into when it has none: Cell Ranger 2 made one for
/// each genome.
pub(super) fn find_in_folder(folder: &Path, genome: Option<&str>) -> Result<MarketFiles, IoError> {
    let matrices = matrices_in(folder)?;
    match matrices.as_slice() {
        [] => find_below(folder, genome),
        [matrix] => find_beside(matrix),
        several => Err(IoError::SeveralMatrices { path: folder.to_owned(), found: names_of(several) }),
    }
}

/// The files that lie beside a matrix and share its prefix.
pub(super) fn find_beside(matrix: &Path) -> Result<MarketFiles, IoError> {
    let name = matrix.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let prefix = prefix(&name).unwrap_or_default();
    let folder = matrix.parent().unwrap_or(Path::new(""));
    let find = |names: &[&str]| {
        let plain = names.iter().map(|name| format!("{prefix}{name}.tsv"));
        let wanted: Vec<String> = plain.flat_map(|name| [format!("{name}.gz"), name]).collect();
        let found = wanted.iter().map(|name| folder.join(name)).find(|path| path.is_file());
        let folder = if folder == Path::new("") { Path::new(".") } else { folder };
        found.ok_or_else(|| IoError::MissingTenxFile { folder: folder.to_owned(), wanted, matrix: name.clone() })
    };
    let (barcodes, features) = (find(&["barcodes"])?, find(&["features", "genes"])?);
    Ok(MarketFiles { matrix: matrix.to_owned(), barcodes, features })
}

/// Whether there is something in a folder that [`find_in_folder`] would find.
pub(super) fn has_matrix(folder: &Path) -> bool {
    matrices_in(folder).is_ok_and(|matrices| !matrices.is_empty())
        || folders_with_matrix(folder).is_ok_and(|folders| !folders.is_empty())
}

fn find_below(folder: &Path, genome: Option<&str>) -> Result<MarketFiles, IoError> {
    let folders = folders_with_matrix(folder)?;
    let found = names_of(&folders);
    match (folders.as_slice(), genome) {
        ([], _) => {
            let wanted = vec![format!("{MATRIX}.gz"), MATRIX.to_owned()];
            Err(IoError::MissingTenxFile { folder: folder.to_owned(), wanted, matrix: String::new() })
        }
        (folders, Some(genome)) => {
            let place = found.iter().position(|name| name == genome);
            let (path, wanted) = (folder.to_owned(), Some(genome.to_owned()));
            let place = place.ok_or(IoError::Genome { path, wanted, available: found })?;
            find_in_folder(&folders[place], None)
        }
        ([only], None) => find_in_folder(only, None),
        _ => Err(IoError::SeveralMatrices { path: folder.to_owned(), found }),
    }
}

/// The matrices in a folder, in the order of their names. Of one that lies there compressed and plain, the plain one.
fn matrices_in(folder: &Path) -> Result<Vec<PathBuf>, IoError> {
    let is_matrix = |path: &PathBuf| path.file_name().is_some_and(|name| prefix(&name.to_string_lossy()).is_some());
    let mut matrices: Vec<PathBuf> =
        entries(folder)?.into_iter().filter(is_matrix).filter(|path| path.is_file()).collect();
    matrices.dedup_by(|later, earlier| later.with_extension("") == *earlier);
    Ok(matrices)
}

fn folders_with_matrix(folder: &Path) -> Result<Vec<PathBuf>, IoError> {
    let has_matrix = |path: &PathBuf| path.is_dir() && matrices_in(path).is_ok_and(|found| !found.is_empty());
    Ok(entries(folder)?.into_iter().filter(has_matrix).collect())
}

/// What is in a folder, in the order of names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, IoError> {
    let failed = |error| IoError::from_system(folder, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn names_of(paths: &[PathBuf]) -> Vec<String> {
    let names = paths.iter().filter_map(|path| path.file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    /// The three files found, by their names below the folder.
    fn found(files: &[&str], genome: Option<&str>) -> Result<[String; 3], String> {
        let folder = folder(files);
        let found = find_in_folder(folder.path(), genome).map_err(|error| error.to_string())?;
        let name = |path: PathBuf| path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
        Ok([name(found.matrix), name(found.barcodes), name(found.features)])
    }

    #[test]
    fn both_layouts_are_found() {
        let old = ["barcodes.tsv", "genes.tsv", "matrix.mtx"];
        assert_eq!(found(&old, None).unwrap(), ["matrix.mtx", "barcodes.tsv", "genes.tsv"]);
        let new = ["barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz"];
        assert_eq!(found(&new, None).unwrap(), ["matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz"]);
        let unpacked = ["barcodes.tsv.gz", "barcodes.tsv", "features.tsv.gz", "matrix.mtx", "matrix.mtx.gz"];
        assert_eq!(found(&unpacked, None).unwrap(), ["matrix.mtx", "barcodes.tsv.gz", "features.tsv.gz"]);
        let named = ["GSM1_barcodes.tsv.gz", "GSM1_genes.tsv.gz", "GSM1_matrix.mtx.gz", "other.txt"];
        assert_eq!(found(&named, None).unwrap(), ["GSM1_matrix.mtx.gz", "GSM1_barcodes.tsv.gz", "GSM1_genes.tsv.gz"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = found(&["matrix.mtx", "genes.tsv"], None).unwrap_err();
        assert!(error.contains("no barcodes.tsv.gz or barcodes.tsv"), "{error}");
        let error = found(&["A_matrix.mtx", "A_barcodes.tsv", "genes.tsv"], None).unwrap_err();
        assert!(error.contains("no A_features.tsv.gz or A_features.tsv or A_genes.tsv.gz or A_genes.tsv"), "{error}");
        let error = found(&["genes.tsv"], None).unwrap_err();
        assert!(error.contains("no matrix.mtx.gz or matrix.mtx"), "{error}");
        let error = found(&["a_matrix.mtx", "b_matrix.mtx"], None).unwrap_err();
        assert!(error.contains("a_matrix.mtx, b_matrix.mtx"), "{error}");
    }

    #[test]
    fn folders_of_genomes_are_looked_into() {
        let one = ["hg19/barcodes.tsv", "hg19/genes.tsv", "hg19/matrix.mtx", "web_summary.html"];
        assert_eq!(found(&one, None).unwrap()[0], "hg19/matrix.mtx");
        let two = ["mm10/barcodes.tsv", "mm10/genes.tsv", "mm10/matrix.mtx"];
        let two = [&one[..], &two[..]].concat();
        assert_eq!(found(&two, Some("mm10")).unwrap()[0], "mm10/matrix.mtx");
        assert!(found(&two, None).unwrap_err().contains("hg19, mm10"));
        let error = found(&two, Some("hg38")).unwrap_err();
        assert!(error.contains("no genome 'hg38'; it has: hg19, mm10"), "{error}");
    }
}
