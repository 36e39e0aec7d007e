mod embedding;
mod genes;
mod heatmap;
mod neurons;
mod terms;

use std::{
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::{concord, fails};

/// A folder for figures.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `concord plot KIND INPUT`.
    fn plot(kind: &str, input: &Path) -> Command {
        let mut command = concord(&["plot", kind]);
        command.arg(input);
        command
    }

    /// Draws an SVG, which must succeed, and returns it.
    fn svg(&self, kind: &str, input: &Path, arguments: &[&str]) -> String {
        let path = self.path("figure.svg");
        Self::plot(kind, input).args(arguments).arg("-o").arg(&path).assert().success();
        fs::read_to_string(path).unwrap()
    }

    /// A mistake of a user, after which nothing is written.
    fn refuses(&self, kind: &str, input: &Path, arguments: &[&str], expected: &[&str]) {
        let before = fs::read_dir(self.0.path()).unwrap().count();
        fails(Self::plot(kind, input).args(arguments).arg("-o").arg(self.path("no.png")), expected);
        assert_eq!(fs::read_dir(self.0.path()).unwrap().count(), before, "something was written");
    }
}

/// What the drawing of a figure says beside it.
fn stderr(kind: &str, input: &Path, arguments: &[&str]) -> String {
    let folder = Folder::new();
    crate::stderr_of(Folder::plot(kind, input).args(arguments).arg("-o").arg(folder.path("x.svg")))
}

/// Texts in an SVG, markup undone.
fn texts(svg: &str) -> Vec<String> {
    let after_tags = svg.split("<text").skip(1).filter_map(|text| text.split_once('>'));
    let texts = after_tags.filter_map(|(_, text)| text.split_once("</text>"));
    texts
        .map(|(text, _)| {
            let undone = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
            undone.replace("&#39;", "'").replace("&amp;", "&")
        })
        .collect()
}

/// Asserts that all of these texts stand in an SVG.
fn has_texts(svg: &str, expected: &[&str]) {
    let texts = texts(svg);
    for text in expected {
        assert!(texts.iter().any(|found| found == text), "{text:?} is not among {texts:?}");
    }
}
