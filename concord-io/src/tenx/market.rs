//! The MatrixMarket format, as far as 10x matrices use it: coordinates, whole or real numbers, no symmetry.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

use concord_core::Csr;

use super::entries::Entries;
use super::text::TextFile;
use crate::{IoError, MatrixNotes};

/// Blocks that are read ahead of the one that is understood.
const BLOCKS_AHEAD: usize = 4;

/// Digits of a number that fit into 64 bits whatever they are.
const MOST_DIGITS: usize = 19;

/// A matrix of which the header is read: features are rows, cells are columns.
pub(super) struct MarketFile {
    file: TextFile,
    n_features: usize,
    n_cells: usize,
    n_entries: usize,
    /// The lines behind the header that came with it.
    rest: Vec<u8>,
    /// Lines that have been read.
    n_lines: usize,
}

impl MarketFile {
    /// Opens a file and reads its header. Nothing is allocated for what the header claims.
    pub(super) fn open(path: &Path) -> Result<Self, IoError> {
        let mut file = TextFile::open(path)?;
        let mut n_lines = 0;
        while let Some(block) = file.next_block()? {
            let mut place = 0;
            for line in block.split_inclusive(|&byte| byte == b'\n') {
                n_lines += 1;
                place += line.len();
                let text = String::from_utf8_lossy(line);
                let text = text.trim();
                let refused = |detail| bad_line(path, n_lines, detail);
                if n_lines == 1 {
                    check_banner(text).map_err(refused)?;
                } else if !text.is_empty() && !text.starts_with('%') {
                    let [n_features, n_cells, n_entries] = sizes(text).map_err(refused)?;
                    let rest = block[place..].to_vec();
                    return Ok(Self { file, n_features, n_cells, n_entries, rest, n_lines });
                }
            }
        }
        Err(IoError::Truncated { path: path.to_owned(), detail: "it ends before the line with its sizes".to_owned() })
    }

    /// Number of features (genes, mostly): rows of the file.
    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Number of cells: columns of the file.
    pub(super) fn n_cells(&self) -> usize {
        self.n_cells
    }

    /// Reads the matrix, `[n_cells, n_features]`. One thread reads and decompresses, this one understands.
    pub(super) fn read(self) -> Result<(Csr, MatrixNotes), IoError> {
        let Self { mut file, n_features, n_cells, n_entries, rest, n_lines } = self;
        let path = file.path().to_owned();
        // An entry takes 8 bytes in memory and 6 or more in a file that is not compressed. Compressed ones take more memory
        // as it is needed, whatever the header claims.
        let likely = n_entries.min(usize::try_from(file.n_bytes()).unwrap_or(usize::MAX));
        let entries = Entries::new(n_cells, n_features, likely);
        let mut parser = Parser { path: &path, entries, n_entries, n_lines, n_rounded: 0 };
        parser.read_lines(&rest)?;
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(BLOCKS_AHEAD);
            let read = move || {
                while let Some(block) = file.next_block().transpose() {
                    let is_last = block.is_err();
                    // Nobody takes the block when the lines before it could not be understood.
                    if sender.send(block).is_err() || is_last {
                        break;
                    }
                }
            };
            let started = thread::Builder::new().name("concord-io reader".to_owned()).spawn_scoped(scope, read);
            started.map_err(|error| IoError::from_system(&path, error))?;
            receiver.into_iter().try_for_each(|block| parser.read_lines(&block?))
        })?;
        parser.finish()
    }
}

/// What of the file is understood.
struct Parser<'p> {
    path: &'p Path,
    entries: Entries,
    n_entries: usize,
    n_lines: usize,
    n_rounded: usize,
}

impl Parser<'_> {
    fn read_lines(&mut self, block: &[u8]) -> Result<(), IoError> {
        let mut rest = block;
        while !rest.is_empty() {
            self.n_lines += 1;
            let (entry, length) = if let Some((entry, length)) = plain_entry(rest) {
                (Ok(Some(entry)), length)
            } else {
                let length = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
                (any_entry(&rest[..length]), length)
            };
            let added = entry.and_then(|entry| entry.map_or(Ok(()), |entry| self.add(entry)));
            added.map_err(|detail| bad_line(self.path, self.n_lines, detail))?;
            rest = &rest[length..];
        }
        Ok(())
    }

    fn add(&mut self, entry: Entry) -> Result<(), String> {
        let feature = place(entry.row, self.entries.n_features(), "row")?;
        let cell = place(entry.column, self.entries.n_cells(), "column")?;
        if self.entries.len() == self.n_entries {
            return Err(format!("there are more entries than the {} that the header names", self.n_entries));
        }
        self.n_rounded += usize::from(entry.is_rounded);
        self.entries.push(cell, feature, entry.value);
        Ok(())
    }

    fn finish(self) -> Result<(Csr, MatrixNotes), IoError> {
        if self.entries.len() < self.n_entries {
            let detail = format!("it has {} entries, and its header names {}", self.entries.len(), self.n_entries);
            return Err(IoError::Truncated { path: self.path.to_owned(), detail });
        }
        let (matrix, n_unsorted, n_duplicates) = self.entries.into_matrix(self.path)?;
        Ok((matrix, MatrixNotes { n_rounded: self.n_rounded, n_unsorted, n_duplicates }))
    }
}

fn bad_line(path: &Path, line: usize, detail: String) -> IoError {
    IoError::BadLine { path: path.to_owned(), line, detail }
}

/// The first line, which tells the variety of the format.
fn check_banner(line: &str) -> Result<(), String> {
    let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["%%matrixmarket", "matrix", "coordinate", "integer" | "real", "general"] => Ok(()),
        ["%%matrixmarket", ..] => Err(format!(
            "'{line}' is no form of MatrixMarket that 10x matrices have: coordinate, integer or real, general"
        )),
        _ => Err("it does not begin with %%MatrixMarket, so it is no MatrixMarket file".to_owned()),
    }
}

/// The numbers of rows, columns and entries.
fn sizes(line: &str) -> Result<[usize; 3], String> {
    let numbers: Result<Vec<u64>, _> = line.split_whitespace().map(str::parse).collect();
    let Ok(&[n_rows, n_columns, n_entries]) = numbers.as_deref() else {
        return Err(format!("'{line}' does not give the numbers of rows, columns and entries"));
    };
    if n_rows >= u64::from(u32::MAX) || n_columns >= u64::from(u32::MAX) {
        return Err(format!("a matrix of {n_rows} x {n_columns} is too large"));
    }
    // Both fit into 32 bits.
    if n_entries > n_rows * n_columns {
        return Err(format!("{n_entries} entries are more than {n_rows} x {n_columns} have room for"));
    }
    Ok([n_rows, n_columns, n_entries].map(|number| number as usize))
}

/// A line with an entry, as it stands there.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// From 1.
    row: u64,
    /// From 1.
    column: u64,
    value: f32,
    /// Whether the value is a whole number that 32-bit floats cannot hold.
    is_rounded: bool,
}

/// The entry at the beginning of a text, and the length of its line, if it is written as 10x does it: three whole numbers with
/// a space between them. This is where the time goes, so it is one passage over the bytes.
fn plain_entry(text: &[u8]) -> Option<(Entry, usize)> {
    let mut numbers = [0_u64; 3];
    let mut place = 0;
    for (number, end) in numbers.iter_mut().zip([b' ', b' ', b'\n']) {
        let start = place;
        let mut byte = *text.get(place)?;
        while byte.is_ascii_digit() {
            *number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            place += 1;
            byte = *text.get(place)?;
        }
        if byte != end || !(1..=MOST_DIGITS).contains(&(place - start)) {
            return None;
        }
        place += 1;
    }
    let [row, column, number] = numbers;
    let value = number as f32;
    Some((Entry { row, column, value, is_rounded: value as u64 != number }, place))
}

/// The entry of a line however it is written; `None` of an empty line.
fn any_entry(line: &[u8]) -> Result<Option<Entry>, String> {
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_whitespace().collect();
    let [row, column, number] = words[..] else {
        return if words.is_empty() { Ok(None) } else { Err("an entry is a row, a column and a value".to_owned()) };
    };
    let whole = |word: &str, what| word.parse().map_err(|_| format!("'{word}' is no number of a {what}"));
    let (row, column) = (whole(row, "row")?, whole(column, "column")?);
    let number: f64 = number.parse().map_err(|_| format!("'{number}' is no number"))?;
    let value = number as f32;
    if !value.is_finite() {
        return Err(format!("the value {number} is not finite"));
    }
    let is_rounded = number.fract() == 0.0 && (f64::from(value) - number).abs() > 0.0;
    Ok(Some(Entry { row, column, value, is_rounded }))
}

/// A place, from 1 in the file and from 0 here.
fn place(number: u64, length: usize, what: &str) -> Result<u32, String> {
    match number {
        // Sizes fit into 32 bits.
        1.. if number <= length as u64 => Ok((number - 1) as u32),
        _ => Err(format!("there is no {what} {number} (they go from 1 to {length})")),
    }
}
