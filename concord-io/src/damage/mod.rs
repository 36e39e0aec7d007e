//! Damaged files: whatever is done with one comes to an end, without a panic, in bounded memory.
//!
//!     CONCORD_FUZZ_ROUNDS=5000 cargo test --release -p concord-io --lib damage
// A test that cannot go on shall stop.
#![allow(clippy::unwrap_used)]

mod mutate;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use mutate::{Damage, Good, n_rounds};
use peak_alloc::PeakAlloc;

use crate::h5::{H5File, walk};
use crate::{
    Additions, IoError, MatrixSource, ReadOptions, RowReader, annotate_h5ad, annotate_h5ad_in_place, category_colors,
    inspect_h5ad, read_annotation, read_h5ad, read_obsm,
};
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What reading a file may take beside a few times what the documentation of `read_h5ad` allows a dataset.
const MAX_BYTES: usize = 1 << 30;

/// A file that takes longer does not come to its end.
const MAX_TIME: Duration = Duration::from_mins(1);

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let Ok(packed) = std::fs::read(folder.join(format!("{name}.gz"))) else {
        return std::fs::read(folder.join(name)).unwrap();
    };
    let n_bytes = u32::from_le_bytes(*packed.last_chunk().unwrap());
    let mut bytes = vec![0; n_bytes as usize];
    libdeflater::Decompressor::new().gzip_decompress(&packed, &mut bytes).unwrap();
    bytes
}

/// Files and rounds in which something once broke.
const BROKE: [(&str, u64); 1] = [
    // A text of the file brought a second line into a message.
    ("anndata_0_8.h5ad", 3155),
];

/// Everything that can be done with a file.
fn try_all(path: &Path) {
    let seen = |error: Option<IoError>| {
        if let Some(error) = error {
            let text = error.to_string();
            assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
        }
    };
    let mut sources = vec![MatrixSource::X, MatrixSource::Raw];
    let summary = inspect_h5ad(path);
    if let Ok(summary) = &summary {
        sources.extend(summary.matrices.iter().map(|matrix| matrix.source.clone()));
    }
    sources.dedup();
    for source in sources {
        let options = ReadOptions { source };
        seen(read_h5ad(path, &options).err());
        let reader = RowReader::open(path, &options);
        seen(reader.and_then(|reader| reader.blocks(3).take(5).try_for_each(|block| block.map(drop))).err());
    }
    for entry in summary.iter().flat_map(|summary| &summary.obsm) {
        seen(read_obsm(path, &entry.name).err());
    }
    seen(summary.err());
    if let Ok(file) = H5File::open(path) {
        walk(&file);
    }
    seen(category_colors(path, "type").err());
    seen(read_annotation(path).err());
    let obsm = vec![("X_new".to_owned(), ndarray::Array2::zeros((7, 1)))];
    let obs = vec![("new".to_owned(), concord_core::Column::Integers(vec![0; 7]))];
    let additions = Additions { obsm, obs, ..Additions::default() };
    seen(annotate_h5ad(path, path.with_extension("out"), &additions).err());
    seen(annotate_h5ad_in_place(path, &additions).err());
}

#[test]
fn damaged_files_come_to_an_end() {
    let names = [
        "matrices.h5ad",
        "sources.h5ad",
        "records.h5ad",
        "columns.h5ad",
        "columns_0_7.h5ad",
        "anndata_0_8.h5ad",
        "anndata_0_12.h5ad",
        "kinds_0_10.h5ad",
        "storage_earliest.h5ad",
        "storage_latest.h5ad",
        "hdf5_forms_earliest.h5ad",
        "hdf5_forms_latest.h5ad",
        "hdf5_forms_small.h5ad",
        "hdf5_chunks_earliest.h5ad",
        "hdf5_chunks_latest.h5ad",
        "hdf5_chunks_v110.h5ad",
        "hdf5_deep_latest.h5ad",
        "hdf5_links_earliest.h5ad",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.h5ad");
    let (to_worker, files) = mpsc::channel::<PathBuf>();
    let (done, from_worker) = mpsc::channel();
    std::thread::spawn(move || {
        for path in files {
            try_all(&path);
            let _ = done.send(());
        }
    });
    for name in names {
        let good = Good::new(fixture(name));
        let broke = BROKE.iter().filter(|(broken, _)| *broken == name).map(|&(_, round)| round);
        for round in (0..n_rounds(12)).chain(broke) {
            let damaged = Damage::new(round).of(&good);
            std::fs::write(&path, &damaged).unwrap();
            MEMORY.reset_peak_usage();
            let before = MEMORY.current_usage();
            to_worker.send(path.clone()).unwrap();
            let ended = from_worker.recv_timeout(MAX_TIME);
            if ended.is_err() {
                std::fs::write(std::env::temp_dir().join("concord-damaged.h5ad"), &damaged).unwrap();
            }
            assert!(
                ended.is_ok(),
                "{name}, round {round}: no end, or a panic; see concord-damaged.h5ad among temporary files"
            );
            let n_bytes = MEMORY.peak_usage().saturating_sub(before);
            assert!(n_bytes <= MAX_BYTES, "{name}, round {round}: took {n_bytes} bytes");
        }
    }
}
