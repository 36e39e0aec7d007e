use std::path::Path;

use crate::IoError;
use crate::h5::{H5File, Node, read_texts};

/// The colours that a file keeps for the categories of an obs column, in the order of the categories.
///
/// They lie in `uns/<key>_colors`, where scanpy puts them: texts such as `#1f77b4`, or names of colours. `None` when there are
/// none. There can be more or fewer of them than categories.
///
/// # Errors
/// As [`read_h5ad`](crate::read_h5ad), for a file that cannot be opened.
pub fn category_colors(path: impl AsRef<Path>, key: &str) -> Result<Option<Vec<String>>, IoError> {
    let file = H5File::open(path.as_ref())?;
    let Some(uns) = file.top_group("uns")? else { return Ok(None) };
    let name = format!("{key}_colors");
    match file.node(&uns, &name)? {
        Some(Node::Dataset(dataset)) => read_texts(&file, &dataset, &format!("uns/{name}")),
        _ => Ok(None),
    }
}
