//! The names of cells and features that lie beside a matrix as tables of texts.

use std::path::Path;

use super::TenxFeatures;
use super::text::{TextFile, lines};
use crate::IoError;

/// Columns that are read: identifier, name and type of a feature.
const N_COLUMNS: usize = 3;

/// Reads the barcodes of the cells; there must be as many as the matrix has columns.
pub(super) fn read_barcodes(path: &Path, n_cells: usize, matrix: &Path) -> Result<Vec<String>, IoError> {
    let columns = read_columns(path, 1, n_cells, "cells", matrix)?;
    Ok(columns.into_iter().next().unwrap_or_default())
}

/// Reads the features: identifier and name (Cell Ranger 2), and their type (since Cell Ranger 3). A table of one column holds
/// names.
pub(super) fn read_features(path: &Path, n_features: usize, matrix: &Path) -> Result<TenxFeatures, IoError> {
    let mut columns = read_columns(path, N_COLUMNS, n_features, "features", matrix)?.into_iter();
    let (first, second, third) = (columns.next().unwrap_or_default(), columns.next(), columns.next());
    let (ids, names) = match second {
        Some(names) => (Some(first), names),
        None => (None, first),
    };
    Ok(TenxFeatures { names, ids, types: third, genomes: None, other: Vec::new() })
}

/// The first few columns of a table; `matrix` has the number of rows that it must have.
fn read_columns(
    path: &Path,
    n_columns: usize,
    n_rows: usize,
    unit: &'static str,
    matrix: &Path,
) -> Result<Vec<Vec<String>>, IoError> {
    let mut file = TextFile::open(path)?;
    let mut columns: Vec<Vec<String>> = Vec::new();
    let (mut n_lines, mut n_found) = (0, 0);
    while let Some(block) = file.next_block()? {
        for line in lines(&block) {
            n_lines += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            n_found += 1;
            let fields: Vec<&[u8]> = line.split(|&byte| byte == b'\t').take(n_columns).collect();
            if columns.is_empty() {
                columns.resize_with(fields.len(), Vec::new);
            }
            if fields.len() < columns.len() {
                let detail = format!("it has {} columns, and the lines before it {}", fields.len(), columns.len());
                return Err(IoError::BadLine { path: path.to_owned(), line: n_lines, detail });
            }
            // What the matrix has no place for is counted, for the message, but not kept.
            if n_found <= n_rows {
                columns.iter_mut().zip(fields).for_each(|(column, field)| column.push(text_of(field)));
            }
        }
    }
    if n_found == n_rows {
        return Ok(columns);
    }
    let (path, matrix) = (path.to_owned(), matrix.to_owned());
    Err(IoError::NameCount { path, matrix, unit, expected: n_rows, found: n_found })
}

/// A field, without the quotes that some programs put around it.
fn text_of(field: &[u8]) -> String {
    let field = field.trim_ascii();
    let bare = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field);
    String::from_utf8_lossy(bare).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn features(text: &str, n_features: usize) -> Result<TenxFeatures, IoError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.tsv");
        std::fs::write(&path, text).unwrap();
        read_features(&path, n_features, Path::new("matrix.mtx"))
    }

    #[test]
    fn tables_have_one_column_or_more() {
        let read = features("ENSG1\tA\tGene Expression\tchr1\t1\t2\r\nENSG2\tB\tPeaks\n\n", 2).unwrap();
        assert_eq!(
            (read.names, read.ids.unwrap()),
            (vec!["A".into(), "B".into()], vec!["ENSG1".into(), "ENSG2".into()])
        );
        assert_eq!(read.types.unwrap(), ["Gene Expression", "Peaks"]);
        let read = features("\"ENSG1\"\t\"A\"\n\"ENSG2\"\t\"B C\"", 2).unwrap();
        assert_eq!((read.names, read.types), (vec!["A".into(), "B C".into()], None));
        let read = features("A\nB\n", 2).unwrap();
        assert_eq!((read.names, read.ids), (vec!["A".into(), "B".into()], None));
        assert_eq!(features("", 0).unwrap().names.len(), 0);
    }

    #[test]
    fn wrong_numbers_are_named() {
        let message = |text, n_features| features(text, n_features).unwrap_err().to_string();
        let text = message("a\tA\nb\tB\nc\tC\n", 2);
        assert!(text.contains("names 3 features, but matrix.mtx has 2"), "{text}");
        assert!(text.contains("first line"), "{text}");
        assert!(message("a\tA\n", 3).contains("names 1 features, but matrix.mtx has 3"));
        let text = message("a\tA\n\nb\n", 2);
        assert!(text.contains("line 3: it has 1 columns, and the lines before it 2"), "{text}");
    }
}
