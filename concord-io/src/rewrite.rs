use std::path::Path;

use crate::annotate::Frames;
use crate::h5::{Appender, CopyError, H5File, copy_all};
use crate::output::{PendingFile, write_error};
use crate::{IoError, WriteOptions};

/// The sizes of a file before and after [`rewrite_h5ad`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewritten {
    /// Bytes of the input.
    pub n_bytes_before: u64,
    /// Bytes of the output.
    pub n_bytes_after: u64,
}

/// Writes an h5ad file anew with all that is in it, whether this crate understands it or not.
///
/// The new file has no room that nothing leads to, such as that of what was replaced by
/// [`annotate_h5ad_in_place`](crate::annotate_h5ad_in_place). Arrays in chunks, and large ones, are compressed as the options
/// say, whatever compressed them before. Input and output may be the same file: the new one is made under another name and
/// renamed when it is complete.
///
/// Not kept are the order in which names were made, where a file tells it (names come in alphabetical order then; the columns
/// of data frames keep theirs), comments, and times of objects.
///
/// No more is in memory than some chunks of an array, all texts of one, and the addresses of chunks.
///
/// # Errors
/// Those of [`read_h5ad`](crate::read_h5ad) for a file that cannot be opened or has no `obs` or `var`;
/// [`IoError::Unsupported`] when it holds something that cannot be copied, such as lists of any length as elements, or an
/// array compressed in an unknown way; [`IoError::Write`]. The output is then what it was before.
///
/// ```no_run
/// use concord_io::{WriteOptions, rewrite_h5ad};
///
/// let sizes = rewrite_h5ad("annotated.h5ad", "smaller.h5ad", &WriteOptions::default())?;
/// println!("{} of {} bytes", sizes.n_bytes_after, sizes.n_bytes_before);
/// # Ok::<(), concord_io::IoError>(())
/// ```
pub fn rewrite_h5ad(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    options: &WriteOptions,
) -> Result<Rewritten, IoError> {
    let output = output.as_ref();
    let file = H5File::open(input.as_ref())?;
    Frames::of(&file)?;
    let pending = PendingFile::beside(output)?;
    let mut appender = Appender::new(pending.handle()?);
    let copied = copy_all(&file, &mut appender, options.compression.filters());
    let written = copied.and_then(|root| Ok(appender.finish(root)?));
    written.map_err(|error| match error {
        CopyError::Read(error) => error,
        CopyError::Write(error) => write_error(output, error),
    })?;
    let metadata = pending.handle()?.metadata().map_err(|error| write_error(output, error))?;
    let sizes = Rewritten { n_bytes_before: file.n_bytes(), n_bytes_after: metadata.len() };
    drop(file);
    pending.publish()?;
    Ok(sizes)
}
