//! Figures on their way into files.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    path::{Path, PathBuf},
};

use clap::{
    Args, ValueEnum,
    builder::{PathBufValueParser, TypedValueParser},
};
use concord_plot::{Figure, LegendPlacement, Palette, PlotError};

use crate::{error::CliError, output_files, outputs::file_stems};

/// Resolution of PNG files, in pixels per inch, where no option says otherwise: what journals ask for.
pub(crate) const PNG_DPI: f64 = 300.0;

/// Width of the only panel of an embedding, in points.
pub(crate) const SINGLE_PANEL_WIDTH: f64 = 288.0;

/// Resolutions that a figure can have.
const DPI_RANGE: std::ops::RangeInclusive<f64> = 10.0..=2400.0;

/// A form in which a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FigureFormat {
    Png,
    Svg,
    Pdf,
}

impl FigureFormat {
    fn of(path: &Path) -> Option<Self> {
        match path.extension().and_then(OsStr::to_str)?.to_lowercase().as_str() {
            "png" => Some(Self::Png),
            "svg" => Some(Self::Svg),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }

    /// The figure as the bytes of a file; `dpi` matters to PNG alone.
    pub(crate) fn render(self, figure: &Figure, dpi: f64) -> Result<Vec<u8>, PlotError> {
        match self {
            Self::Png => figure.to_png(dpi),
            Self::Svg => figure.to_svg().map(String::into_bytes),
            Self::Pdf => figure.to_pdf(),
        }
    }
}

/// A file for a figure, of a format that its name says.
#[derive(Debug, Clone)]
pub(crate) struct FigureFile {
    path: PathBuf,
    format: FigureFormat,
}

impl FigureFile {
    /// The file with stems of a context and a target in its name.
    fn filled(&self, context: &str, target: &str) -> Self {
        let path = self
            .path
            .to_str()
            .map_or_else(|| self.path.clone(), |name| name.replace(CONTEXT, context).replace(TARGET, target).into());
        Self { path, format: self.format }
    }

    /// Path and content.
    pub(crate) fn render(&self, figure: &Figure, dpi: f64) -> Result<(&Path, Vec<u8>), PlotError> {
        Ok((self.path.as_path(), self.format.render(figure, dpi)?))
    }
}

fn figure_file(path: PathBuf) -> Result<FigureFile, String> {
    match FigureFormat::of(&path) {
        Some(format) => Ok(FigureFile { path, format }),
        None => Err("the name must end in .png, .svg or .pdf, which says the format".to_owned()),
    }
}

fn dpi(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|dpi| DPI_RANGE.contains(dpi))
        .ok_or_else(|| "a number from 10 to 2400 is needed".to_owned())
}

/// A length on paper, in points.
pub(crate) fn points(text: &str) -> Result<f64, String> {
    let length = text.parse().ok().filter(|length| (20.0..=5000.0).contains(length));
    length.ok_or_else(|| "a number of points from 20 to 5000 is needed".to_owned())
}

/// Where a figure goes.
#[derive(Debug, Args)]
pub(crate) struct FigureArgs {
    /// Where to write the figure: a .png, .svg or .pdf; may be given several times.
    ///
    /// In names of gene strips (`plot genes --table`) {context} and {target} stand for the list that is drawn: then all
    /// lists are drawn that --context and --target leave, each into a file of its own.
    #[arg(long, short, required = true, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(figure_file))]
    out: Vec<FigureFile>,
    /// Resolution of PNG files, and of the cells in SVG and PDF files, in pixels per inch
    #[arg(long, value_name = "N", value_parser = dpi, default_value_t = PNG_DPI)]
    pub(crate) dpi: f64,
}

/// In a name, the context that something is about, and the target.
pub(crate) const CONTEXT: &str = "{context}";
const TARGET: &str = "{target}";

impl FigureArgs {
    /// Whether the names leave open what a figure is about: then there is a file for each.
    pub(crate) fn is_pattern(&self) -> bool {
        self.out.iter().any(|file| has_placeholder(&file.path))
    }

    /// The files of each of several figures, whose contexts and targets are given. Refuses, before the work, files that
    /// could not be written after it, would replace one that is read, or would each hold several figures.
    pub(crate) fn places(&self, about: &[(&str, &str)], inputs: &[&Path]) -> Result<Vec<Vec<FigureFile>>, CliError> {
        if self.out.iter().filter_map(|file| file.path.parent()).any(has_placeholder) {
            return Err(CliError::usage(format!(
                "{CONTEXT} and {TARGET} can stand in the name of the file after -o, not in that of its folder"
            )));
        }
        let contexts = stems(about.iter().map(|(context, _)| *context));
        let targets = stems(about.iter().map(|(_, target)| *target));
        let of_one = |(context, target): &(&str, &str)| {
            let files = self.out.iter();
            files.map(|file| file.filled(&contexts[context], &targets[target])).collect::<Vec<_>>()
        };
        let places: Vec<Vec<FigureFile>> = about.iter().map(of_one).collect();
        let paths: Vec<&Path> = places.iter().flatten().map(|file| file.path.as_path()).collect();
        let mut seen = HashSet::new();
        // File systems of some machines do not tell upper from lower case.
        let taken = paths.iter().find(|path| !seen.insert(path.to_string_lossy().to_lowercase()));
        if let Some(path) = taken.filter(|_| about.len() > 1) {
            return Err(CliError::usage(format!(
                "several lists would be written to {}: put {CONTEXT} and {TARGET}, apart from each other, into the name \
                 after -o",
                path.display()
            )));
        }
        output_files::check(&paths, inputs)?;
        Ok(places)
    }

    /// The files.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        self.out.iter().map(|file| file.path.as_path()).collect()
    }

    /// Refuses, before the work, files that could not be written after it or would replace one that is read.
    pub(crate) fn check(&self, inputs: &[&Path]) -> Result<(), CliError> {
        if self.is_pattern() {
            return Err(CliError::usage(format!(
                "{CONTEXT} and {TARGET} in -o are for the lists of `plot genes --table`: name a file for this figure"
            )));
        }
        output_files::check(&self.paths(), inputs)
    }

    /// Writes the figure into all files.
    pub(crate) fn save(&self, figure: &Figure) -> Result<(), CliError> {
        let files: Vec<(&Path, Vec<u8>)> =
            self.out.iter().map(|file| file.render(figure, self.dpi)).collect::<Result<_, _>>()?;
        Ok(output_files::write(&files)?)
    }
}

fn has_placeholder(path: &Path) -> bool {
    path.to_str().is_some_and(|name| name.contains(CONTEXT) || name.contains(TARGET))
}

/// Names as they can stand in names of files, each another.
fn stems<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, String> {
    let mut seen = HashSet::new();
    let names: Vec<&str> = names.filter(|name| seen.insert(*name)).collect();
    let stems = file_stems(&names);
    names.into_iter().zip(stems).collect()
}

/// Where the names of categories stand.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum LegendName {
    /// In a list beside the cells
    #[default]
    Right,
    /// On the cells themselves; beside them when not all have room
    OnData,
    /// Nowhere
    None,
}

impl From<LegendName> for LegendPlacement {
    fn from(name: LegendName) -> Self {
        match name {
            LegendName::Right => Self::Right,
            LegendName::OnData => Self::OnData,
            LegendName::None => Self::None,
        }
    }
}

/// The colours of categories for which the file has none.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum PaletteName {
    /// Those of scanpy
    #[default]
    Scanpy,
    /// Okabe and Ito's eight, which the colour-blind tell apart; scanpy's for more categories
    OkabeIto,
}

impl From<PaletteName> for Palette {
    fn from(name: PaletteName) -> Self {
        match name {
            PaletteName::Scanpy => Self::Scanpy,
            PaletteName::OkabeIto => Self::OkabeIto,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_from_names() {
        assert_eq!(FigureFormat::of(Path::new("a.b/fig.PNG")), Some(FigureFormat::Png));
        assert_eq!(FigureFormat::of(Path::new("fig.tiff")), None);
        assert_eq!(FigureFormat::of(Path::new(".pdf")), None);
    }
}
