use concord_io::{
    Additions, IoError, MatrixSource, ReadOptions, RowReader, annotate_h5ad, annotate_h5ad_in_place, inspect_h5ad,
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
            assert!(inspect_h5ad(&path).is_err());
            assert!(annotate_h5ad(&path, scratch.path("out.h5ad"), &Additions::default()).is_err());
            assert!(scratch.names().iter().all(|name| name == "cut.h5ad"), "a failure left {:?}", scratch.names());
        }
    }
}
