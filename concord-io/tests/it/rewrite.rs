//! Files that are written anew hold what they held.

use std::path::{Path, PathBuf};

use concord_io::{
    Additions, IoError, MatrixSource, ReadOptions, RowReader, Summary, WriteCompression, WriteOptions,
    annotate_h5ad_in_place, category_colors, inspect_h5ad, read_annotation, read_obsm, rewrite_h5ad,
};
use ndarray::Array2;

use crate::{Scratch, expected, fixture, keep, layer, read};

/// Copies that Python looks at.
const KEPT: [&str; 6] = ["anndata_0_8", "anndata_0_10", "anndata_0_12", "kinds_0_8", "kinds_0_10", "kinds_0_12"];

/// What a file holds, without what may change: its size, and how matrices are compressed.
fn summary(path: &Path) -> String {
    let mut summary: Summary = inspect_h5ad(path).unwrap();
    summary.n_bytes = 0;
    for matrix in &mut summary.matrices {
        matrix.compression = concord_io::Compression::None;
    }
    let problems = summary.problems.iter().map(|problem| problem.split_once(": ").unwrap().1.to_owned()).collect();
    summary.problems = problems;
    format!("{summary:?}")
}

/// Holds a copy against its original.
fn check(original: &Path, copy: &Path) {
    assert_eq!(summary(original), summary(copy));
    let parts = inspect_h5ad(original).unwrap();
    for matrix in &parts.matrices {
        let rows = |path: &Path| {
            let reader = RowReader::open(path, &ReadOptions { source: matrix.source.clone() })?;
            let blocks = reader.blocks(3).map(|block| block.map(|block| format!("{:?}", block.matrix)));
            blocks.collect::<Result<Vec<_>, IoError>>()
        };
        match (rows(original), rows(copy)) {
            (Ok(original), Ok(copy)) => assert_eq!(original, copy, "{}", matrix.source),
            (original, copy) => assert_eq!(original.is_err(), copy.is_err(), "{}", matrix.source),
        }
    }
    let obs = |path: &Path| format!("{:?}", read_annotation(path).unwrap().obs);
    assert_eq!(obs(original), obs(copy));
    for entry in &parts.obsm {
        let values = |path: &Path| read_obsm(path, &entry.name).map_err(|error| error.to_string().len());
        assert_eq!(format!("{:?}", values(original).ok()), format!("{:?}", values(copy).ok()), "{}", entry.name);
    }
    assert_eq!(category_colors(original, "kind").unwrap(), category_colors(copy, "kind").unwrap());
}

fn fixtures(scratch: &Scratch) -> Vec<PathBuf> {
    let plain = ["columns.h5ad", "columns_0_7.h5ad", "matrices.h5ad", "records.h5ad", "sources.h5ad", "without_x.h5ad"];
    let packed = KEPT.into_iter().chain([
        "anndata_0_7",
        "kinds_0_7",
        "storage_earliest",
        "storage_v110",
        "storage_latest",
        "hdf5_deep_latest",
    ]);
    let plain = plain.iter().map(|name| fixture(name)).chain([fixture("10x/annotated.h5ad")]);
    plain.chain(packed.map(|name| scratch.unpack(&format!("{name}.h5ad")))).collect()
}

#[test]
fn files_of_all_kinds_are_the_same_afterwards() {
    let scratch = Scratch::new();
    for path in fixtures(&scratch) {
        for compression in [WriteCompression::default(), WriteCompression::None] {
            let copy = scratch.path("copy.h5ad");
            let sizes = rewrite_h5ad(&path, &copy, &WriteOptions { compression }).unwrap();
            assert_eq!(sizes.n_bytes_before, std::fs::metadata(&path).unwrap().len());
            assert_eq!(sizes.n_bytes_after, std::fs::metadata(&copy).unwrap().len());
            check(&path, &copy);
            let name = path.file_stem().unwrap().to_string_lossy();
            if KEPT.contains(&&*name) && compression == WriteCompression::default() {
                let mut wanted = expected(&name);
                if name.ends_with("0_12") {
                    wanted["since"] = "0.12".into();
                }
                keep(&copy, &format!("rewritten_{name}"), &wanted);
            }
            // A copy of a copy has the same size: nothing is in it that is not in the file.
            let again = rewrite_h5ad(&copy, scratch.path("again.h5ad"), &WriteOptions { compression }).unwrap();
            assert_eq!(again.n_bytes_after, sizes.n_bytes_after, "{}", path.display());
        }
    }
}

#[test]
fn what_was_replaced_takes_no_room_any_more() {
    let scratch = Scratch::new();
    let path = scratch.path("data.h5ad");
    std::fs::copy(fixture("sources.h5ad"), &path).unwrap();
    let n_cells = read(&path, MatrixSource::X).unwrap().cells.len();
    let add = |value: f32| {
        let obsm = vec![("X_new".to_owned(), Array2::from_elem((n_cells, 5000), value))];
        annotate_h5ad_in_place(&path, &Additions { obsm, ..Additions::default() }).unwrap();
    };
    (0..5).for_each(|round| add(round as f32));
    let n_before = std::fs::metadata(&path).unwrap().len();
    let options = WriteOptions { compression: WriteCompression::None };
    let sizes = rewrite_h5ad(&path, &path, &options).unwrap();
    assert!(sizes.n_bytes_after * 3 < n_before, "{sizes:?}");
    assert_eq!(read_obsm(&path, "X_new").unwrap(), Array2::from_elem((n_cells, 5000), 4.0));
    let smaller = rewrite_h5ad(&path, &path, &WriteOptions::default()).unwrap();
    assert!(smaller.n_bytes_after * 2 < sizes.n_bytes_after, "{smaller:?}");
    assert_eq!(read(&path, layer("counts")).unwrap().cells.len(), n_cells);
}

#[test]
fn what_cannot_be_copied_leaves_no_file() {
    let scratch = Scratch::new();
    let output = scratch.path("out.h5ad");
    let unreadable = scratch.unpack("filters.h5ad");
    let error = rewrite_h5ad(unreadable, &output, &WriteOptions::default()).unwrap_err();
    assert!(matches!(error, IoError::Unsupported { .. }), "{error}");
    let error = rewrite_h5ad(fixture("10x/v3.h5"), &output, &WriteOptions::default()).unwrap_err();
    assert!(matches!(error, IoError::MissingTable { .. }), "{error}");
    assert!(!output.exists());
}

#[test]
fn damaged_files_are_refused_or_copied() {
    let scratch = Scratch::new();
    let mut state = 1_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for path in [fixture("sources.h5ad"), fixture("columns.h5ad"), fixture("records.h5ad")] {
        let good = std::fs::read(path).unwrap();
        for _ in 0..150 {
            let mut bytes = good.clone();
            for _ in 0..=next(8) {
                let place = next(bytes.len());
                bytes[place] = [0, 0xff, bytes[place] ^ 1 << next(8), next(256) as u8][next(4)];
            }
            let damaged = scratch.file("damaged.h5ad", &bytes);
            let _ = rewrite_h5ad(damaged, scratch.path("out.h5ad"), &WriteOptions::default());
        }
    }
}
