//! Text files, plain or compressed with gzip, in blocks of whole lines.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::IoError;

/// Bytes of a block, which no line may be longer than.
const BLOCK_BYTES: usize = 1 << 20;

/// How files compressed with gzip begin.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A text file that is read from its beginning to its end.
pub(super) struct TextFile {
    path: PathBuf,
    n_bytes: u64,
    reader: Box<dyn Read + Send>,
    /// What of the last block belongs to a line of the next.
    rest: Vec<u8>,
}

impl TextFile {
    /// Opens a file. Whether it is compressed is seen from its first bytes: names are changed by those who unpack files.
    pub(super) fn open(path: &Path) -> Result<Self, IoError> {
        let failed = |source| IoError::from_system(path, source);
        let mut file = File::open(path).map_err(failed)?;
        let n_bytes = file.metadata().map_err(failed)?.len();
        let mut start = Vec::new();
        (&mut file).take(GZIP.len() as u64).read_to_end(&mut start).map_err(failed)?;
        let is_gzip = start == GZIP;
        let whole = Cursor::new(start).chain(BufReader::with_capacity(1 << 17, file));
        let reader: Box<dyn Read + Send> =
            if is_gzip { Box::new(MultiGzDecoder::new(BufReader::new(whole))) } else { Box::new(whole) };
        Ok(Self { path: path.to_owned(), n_bytes, reader, rest: Vec::new() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the file in bytes, compressed when it is.
    pub(super) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// The next lines, all of them whole; `None` at the end of the file.
    pub(super) fn next_block(&mut self) -> Result<Option<Vec<u8>>, IoError> {
        let mut block = std::mem::take(&mut self.rest);
        let n_wanted = BLOCK_BYTES - block.len();
        let mut next = (&mut self.reader).take(n_wanted as u64);
        let n_read = next.read_to_end(&mut block).map_err(|error| damage(&self.path, error))?;
        if n_read < n_wanted {
            return Ok(if block.is_empty() { None } else { Some(block) });
        }
        match block.iter().rposition(|&byte| byte == b'\n') {
            Some(end) => {
                self.rest = block.split_off(end + 1);
                Ok(Some(block))
            }
            None => Err(IoError::BadText {
                path: self.path.clone(),
                detail: format!("it has a line of more than {BLOCK_BYTES} bytes"),
            }),
        }
    }
}

/// What a failure to read says of a file.
fn damage(path: &Path, error: io::Error) -> IoError {
    match error.kind() {
        // What the decoder says of data that are no gzip.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            IoError::BadText { path: path.to_owned(), detail: format!("it cannot be decompressed: {error}") }
        }
        _ => IoError::from_system(path, error),
    }
}

/// The lines of a block, without their ends.
pub(super) fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let without_end = block.strip_suffix(b"\n").unwrap_or(block);
    without_end.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;

    use super::*;

    fn blocks(bytes: &[u8]) -> Result<Vec<Vec<u8>>, IoError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, bytes).unwrap();
        let mut file = TextFile::open(&path)?;
        std::iter::from_fn(|| file.next_block().transpose()).collect()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn blocks_are_whole_lines_and_all_of_the_file() {
        let text: Vec<u8> = (0..400_000).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
        let unfinished = &text[..text.len() - 1];
        for text in [&text[..], unfinished, b"a", b"\n", b""] {
            for file in [text.to_vec(), packed(text), [packed(text), packed(text)].concat()] {
                let read = blocks(&file).unwrap();
                assert!(read.iter().rev().skip(1).all(|block| block.ends_with(b"\n")));
                assert!(read.concat() == text || read.concat() == [text, text].concat());
            }
        }
    }

    #[test]
    fn damaged_compression_is_an_error() {
        let packed = packed(&b"1 2 3\n".repeat(1000));
        for end in 2..packed.len() {
            let error = blocks(&packed[..end]).unwrap_err();
            assert!(matches!(error, IoError::Truncated { .. }), "{end} bytes: {error}");
        }
        for place in 10..packed.len() {
            let mut damaged = packed.clone();
            damaged[place] ^= 0x55;
            let error = blocks(&damaged).unwrap_err();
            assert!(matches!(error, IoError::Truncated { .. } | IoError::BadText { .. }), "byte {place}: {error}");
        }
        let followed = [&packed[..], b"more"].concat();
        assert!(matches!(blocks(&followed), Err(IoError::Truncated { .. } | IoError::BadText { .. })));
    }

    #[test]
    fn lines_end_in_either_way() {
        assert_eq!(lines(b"a\r\nb\n\nc").collect::<Vec<_>>(), [&b"a"[..], b"b", b"", b"c"]);
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let error = blocks(&packed(&vec![b'1'; 3 * BLOCK_BYTES])).unwrap_err();
        assert!(error.to_string().contains("a line of more than 1048576 bytes"), "{error}");
    }
}
