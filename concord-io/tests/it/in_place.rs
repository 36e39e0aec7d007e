//! Files that are added to where they are, by writers that may be killed.

use std::path::Path;

use concord_core::Column;
use concord_io::{Additions, Layer, MatrixSource, annotate_h5ad, annotate_h5ad_in_place, read_obsm};
use ndarray::Array2;

use crate::{Scratch, fixture, read};

fn embedding(value: f32) -> Additions {
    Additions { obsm: vec![("X_new".to_owned(), Array2::from_elem((7, 300), value))], ..Additions::default() }
}

#[test]
fn a_file_is_the_same_whether_it_or_a_copy_is_added_to() {
    let scratch = Scratch::new();
    for name in ["columns.h5ad", "columns_0_7.h5ad", "matrices.h5ad", "records.h5ad", "sources.h5ad"] {
        let path = scratch.path(name);
        std::fs::copy(fixture(name), &path).unwrap();
        annotate_h5ad(&path, scratch.path("copy"), &embedding(1.0)).unwrap();
        annotate_h5ad_in_place(&path, &embedding(1.0)).unwrap();
        assert!(std::fs::read(&path).unwrap() == std::fs::read(scratch.path("copy")).unwrap(), "{name}");
        // Nothing but the first bytes changed.
        let (before, after) = (std::fs::read(fixture(name)).unwrap(), std::fs::read(&path).unwrap());
        assert!(before[96..] == after[96..before.len()], "{name}");
    }
}

#[test]
fn layers_are_added() {
    let scratch = Scratch::new();
    let path = scratch.path("layers.h5ad");
    std::fs::copy(fixture("sources.h5ad"), &path).unwrap();
    let counts = read(&path, MatrixSource::X).unwrap().counts.into_matrix();
    let layers = vec![
        ("dense".to_owned(), Layer::Dense(counts.to_dense())),
        ("sparse".to_owned(), Layer::Sparse(counts.clone())),
    ];
    annotate_h5ad_in_place(&path, &Additions { layers, ..Additions::default() }).unwrap();
    let data = read(&path, MatrixSource::X).unwrap();
    assert_eq!(data.layers, ["counts", "dense", "sparse"]);
    for name in ["dense", "sparse"] {
        assert_eq!(read(&path, crate::layer(name)).unwrap().counts.matrix(), &counts);
    }
}

/// What a writer leaves that was killed before its last write: the old file with something behind it.
#[test]
fn what_lies_behind_the_end_is_not_read_and_written_over() {
    let scratch = Scratch::new();
    let path = scratch.path("killed.h5ad");
    let old = std::fs::read(fixture("sources.h5ad")).unwrap();
    std::fs::write(&path, &old).unwrap();
    annotate_h5ad_in_place(&path, &embedding(1.0)).unwrap();
    let new = std::fs::read(&path).unwrap();
    let expected = read(fixture("sources.h5ad"), MatrixSource::X).unwrap();
    for part in 0..=20 {
        let end = old.len() + (new.len() - old.len()) * part / 20;
        std::fs::write(&path, [&old[..], &new[old.len()..end]].concat()).unwrap();
        let data = read(&path, MatrixSource::X).unwrap();
        assert_eq!(
            (data.counts, data.obs, data.obsm),
            (expected.counts.clone(), expected.obs.clone(), expected.obsm.clone())
        );
        annotate_h5ad_in_place(&path, &embedding(1.0)).unwrap();
        assert!(std::fs::read(&path).unwrap() == new, "{part} of 20 parts");
    }
}

/// A link stays a link, a private file private, and a protected one as it is.
#[cfg(unix)]
#[test]
fn what_is_replaced_keeps_its_place_and_its_permissions() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new();
    let (target, link) = (scratch.path("target.h5ad"), scratch.path("link.h5ad"));
    std::fs::copy(fixture("sources.h5ad"), &target).unwrap();
    std::fs::set_permissions(&target, PermissionsExt::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    annotate_h5ad(&link, &link, &embedding(1.0)).unwrap();
    assert!(link.is_symlink() && read_obsm(&target, "X_new").is_ok());
    assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    std::fs::set_permissions(&target, PermissionsExt::from_mode(0o400)).unwrap();
    let before = std::fs::read(&target).unwrap();
    let error = annotate_h5ad(fixture("sources.h5ad"), &target, &embedding(2.0)).unwrap_err();
    assert!(error.to_string().contains("may not be written"), "{error}");
    assert_eq!(std::fs::read(&target).unwrap(), before);
}

/// An error after some additions were written leaves the bytes of the file as they were.
#[test]
fn a_failed_addition_leaves_the_same_bytes() {
    let scratch = Scratch::new();
    let path = scratch.path("failed.h5ad");
    std::fs::copy(fixture("sources.h5ad"), &path).unwrap();
    let texts = Column::Texts(vec![Some("a\0b".to_owned()); 7]);
    let additions = Additions { obs: vec![("texts".to_owned(), texts)], ..embedding(1.0) };
    assert!(annotate_h5ad_in_place(&path, &additions).is_err());
    assert!(std::fs::read(&path).unwrap() == std::fs::read(fixture("sources.h5ad")).unwrap());
    annotate_h5ad_in_place(&path, &embedding(1.0)).unwrap();
}

/// The number of times that a writer is killed; more by the environment variable.
#[cfg(unix)]
fn n_kills() -> u64 {
    std::env::var("CONCORD_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20)
}

/// A process adds to a file over and over, in turns to itself and to a copy that takes its place, and is killed.
#[cfg(unix)]
#[test]
fn a_killed_writer_costs_nothing() {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let scratch = Scratch::new();
    let path = scratch.path("killed.h5ad");
    std::fs::copy(fixture("sources.h5ad"), &path).unwrap();
    let expected = read(&path, MatrixSource::X).unwrap();
    let mut n_changes = 0;
    let mut last = None;
    for kill in 0..n_kills() {
        let mut writer = Command::new(std::env::current_exe().unwrap());
        writer.args(["--exact", "in_place::add_for_ever", "--include-ignored"]).env("CONCORD_ADD_TO", &path);
        let mut writer = writer.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(5000 + kill * 7919 % 60_000));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let data = read(&path, MatrixSource::X).unwrap();
        assert_eq!((&data.counts, &data.obs, &data.var), (&expected.counts, &expected.obs, &expected.var));
        if data.obsm.contains(&"X_new".to_owned()) {
            let values = read_obsm(&path, "X_new").unwrap();
            assert!(values.iter().all(|&value| value == values[[0, 0]]), "half of one embedding and half of another");
            n_changes += usize::from(last != Some(values[[0, 0]]));
            last = Some(values[[0, 0]]);
        }
    }
    assert!(n_changes > 0, "no writer came to its end even once");
}

#[test]
#[ignore = "is run by a_killed_writer_costs_nothing"]
fn add_for_ever() {
    let Some(path) = std::env::var_os("CONCORD_ADD_TO") else { return };
    let path = Path::new(&path);
    let before = read_obsm(path, "X_new").map_or(0.0, |values| values[[0, 0]]);
    for round in 1.. {
        let additions = embedding(before + round as f32);
        if round % 2 == 0 {
            annotate_h5ad(path, path, &additions).unwrap();
        } else {
            annotate_h5ad_in_place(path, &additions).unwrap();
        }
    }
}
