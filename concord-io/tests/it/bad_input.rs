use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use concord_io::{
    Additions, IoError, MatrixSource, ReadOptions, RowReader, annotate_h5ad, annotate_h5ad_in_place, category_colors,
    inspect_h5ad, read_annotation, read_obsm,
};

use crate::{Scratch, fixture, layer, read};

#[test]
fn files_that_are_none_are_named() {
    let scratch = Scratch::new();
    let error = |path| read(path, MatrixSource::X).unwrap_err();
    assert!(matches!(error(scratch.path("nowhere.h5ad")), IoError::NotFound { .. }));
    assert!(matches!(error(scratch.file("empty", b"")), IoError::NotHdf5 { n_bytes: 0, .. }));
    assert!(matches!(error(scratch.file("text", b"cell,gene\n".repeat(100).as_slice())), IoError::NotHdf5 { .. }));
    assert!(matches!(error(scratch.path("")), IoError::Read { .. }), "a directory");
    assert!(matches!(
        error(scratch.file("start", b"\x89HDF\r\n\x1a\n")),
        IoError::Truncated { .. } | IoError::Corrupt { .. }
    ));
}

#[test]
fn a_file_that_is_being_written_is_busy() {
    let scratch = Scratch::new();
    let path = scratch.path("busy.h5ad");
    std::fs::copy(fixture("sources.h5ad"), &path).unwrap();
    // What the HDF5 library does with a file that it writes.
    let writer = std::fs::File::options().read(true).write(true).open(&path).unwrap();
    writer.lock().unwrap();
    assert!(matches!(read(&path, MatrixSource::X), Err(IoError::Busy { .. })));
    drop(writer);
    let reader = RowReader::open(&path, &ReadOptions::default()).unwrap();
    let additions = Additions { obs: vec![], ..Additions::default() };
    assert!(matches!(annotate_h5ad_in_place(&path, &additions), Err(IoError::Busy { .. })));
    drop(reader);
    annotate_h5ad_in_place(&path, &additions).unwrap();
}

#[test]
fn missing_parts_are_named_with_what_there_is() {
    let IoError::MissingMatrix { has_raw: false, layers, .. } =
        read(fixture("without_x.h5ad"), MatrixSource::X).unwrap_err()
    else {
        panic!("another error")
    };
    assert_eq!(layers, ["spliced", "unspliced"]);
    assert!(read(fixture("without_x.h5ad"), layer("spliced")).is_ok());
    let error = read(fixture("sources.h5ad"), layer("count")).unwrap_err();
    assert!(matches!(&error, IoError::MissingLayer { available, .. } if available == &["counts"]));
    assert!(error.to_string().ends_with("has no layer 'count'; it has: counts"), "{error}");
    assert!(matches!(read(fixture("columns.h5ad"), MatrixSource::Raw), Err(IoError::MissingRaw { .. })));
}

/// Everything that can be done with a file must end, without a panic, whatever the file.
fn try_all(path: &Path) -> usize {
    let mut n_errors = 0;
    let mut seen = |error: Option<IoError>| {
        if let Some(error) = error {
            let text = error.to_string();
            assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
            n_errors += 1;
        }
    };
    for source in [MatrixSource::X, MatrixSource::Raw] {
        seen(read(path, source).err());
    }
    let forms = ["blosc_blosclz_csr", "blosc_lz4_bits", "blosc_zlib_csr", "zstd_csr", "zstd_shuffle", "lzf_plain"];
    for name in ["csr_gzip_shuffle", "dense_by_columns", "counts"].into_iter().chain(forms) {
        seen(read(path, layer(name)).err());
    }
    for source in [MatrixSource::X, layer("csc"), layer("zstd_csc_int64"), layer("dense_by_columns")] {
        let reader = RowReader::open(path, &ReadOptions { source });
        seen(reader.and_then(|reader| reader.blocks(3).try_for_each(|block| block.map(drop))).err());
    }
    seen(inspect_h5ad(path).err());
    seen(category_colors(path, "type").err());
    seen(read_annotation(path).err());
    for name in ["X_umap", "table", "X_pca"] {
        seen(read_obsm(path, name).err());
    }
    let output = path.with_extension("out");
    let additions =
        Additions { obsm: vec![("X_new".to_owned(), ndarray::Array2::zeros((7, 1)))], ..Additions::default() };
    seen(annotate_h5ad(path, &output, &additions).err());
    n_errors
}

#[test]
fn truncated_files_are_refused() {
    let scratch = Scratch::new();
    for name in ["matrices.h5ad", "sources.h5ad", "records.h5ad"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for part in 1..40 {
            let path = scratch.file("cut.h5ad", &bytes[..bytes.len() * part / 40]);
            let error = read(&path, MatrixSource::X).unwrap_err();
            assert!(
                matches!(error, IoError::Truncated { .. } | IoError::Corrupt { .. } | IoError::NotHdf5 { .. }),
                "{name}, {part} of 40 parts: {error}"
            );
            assert!(try_all(&path) > 0);
            assert!(scratch.names().iter().all(|name| name == "cut.h5ad"), "a failure left {:?}", scratch.names());
        }
    }
}

/// The number of damaged files of each kind; more by the environment variable.
fn n_rounds() -> usize {
    std::env::var("CONCORD_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(25)
}

/// Damaged files are read in processes of their own: what the C library does with them could end this one. It may also
/// loop for ever (over a heap object of size 0, for example), which cannot be helped from outside and is only counted.
#[test]
fn damaged_bytes_never_crash() {
    let scratch = Scratch::new();
    // A small generator of our own: the same damage in every run.
    let mut state = 1_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut n_hanging = 0;
    let plain = ["matrices.h5ad", "sources.h5ad", "records.h5ad", "columns.h5ad", "columns_0_7.h5ad"];
    let packed = ["filters.h5ad", "anndata_0_12.h5ad"].map(|name| (name, scratch.unpack(name)));
    for (name, path) in plain.map(|name| (name, fixture(name))).into_iter().chain(packed) {
        let good = std::fs::read(path).unwrap();
        for round in 0..n_rounds() {
            let mut bytes = good.clone();
            for _ in 0..=next(8) {
                let place = next(bytes.len());
                bytes[place] = [0, 0xff, bytes[place] ^ 1 << next(8), next(256) as u8][next(4)];
            }
            match try_in_process(&scratch.file("damaged.h5ad", &bytes)) {
                Some(status) => assert!(status.success(), "{name}, round {round}: {status}"),
                None => n_hanging += 1,
            }
        }
    }
    assert!(n_hanging * 50 <= n_rounds() * 7, "{n_hanging} files were not read to an end");
}

/// Runs [`in_process`] in a process; `None` when it does not come to an end.
fn try_in_process(path: &Path) -> Option<ExitStatus> {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bad_input::in_process", "--include-ignored"])
        .env("CONCORD_DAMAGED_FILE", path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..2000 {
        if let Some(status) = process.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    process.kill().unwrap();
    process.wait().unwrap();
    None
}

#[test]
#[ignore = "is run by damaged_bytes_never_crash"]
fn in_process() {
    if let Some(path) = std::env::var_os("CONCORD_DAMAGED_FILE") {
        try_all(Path::new(&path));
    }
}
