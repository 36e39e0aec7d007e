//! Figures on their way into files.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use clap::{
    Args, ValueEnum,
    builder::{PathBufValueParser, TypedValueParser},
};
use concord_plot::{Figure, LegendPlacement, Palette, PlotError};
use rayon::prelude::*;

use crate::{error::CliError, output_files, outputs::file_stem};

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
    /// In names of gene strips {context} and {target} stand for the list that is drawn: then all lists are drawn that
    /// --context and --target leave, each into a file of its own.
    #[arg(long, short, required = true, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(figure_file))]
    out: Vec<FigureFile>,
    /// Resolution of PNG files, and of the cells in SVG and PDF files, in pixels per inch
    #[arg(long, value_name = "N", value_parser = dpi, default_value_t = PNG_DPI)]
    pub(crate) dpi: f64,
}

/// In a name, the context that something is about, and the target.
pub(crate) const CONTEXT: &str = "{context}";
const TARGET: &str = "{target}";

/// A figure about a target in a context.
pub(crate) struct FigureAbout<'a> {
    pub(crate) context: &'a str,
    pub(crate) target: &'a str,
    pub(crate) figure: Figure,
}

impl FigureArgs {
    /// Whether the names leave open what a figure is about: then there is a file for each.
    pub(crate) fn is_pattern(&self) -> bool {
        let mut names = self.out.iter().filter_map(|file| file.path.to_str());
        names.any(|name| name.contains(CONTEXT) || name.contains(TARGET))
    }

    /// Writes figures into files of their own, and says which.
    pub(crate) fn save_each(&self, figures: &[FigureAbout<'_>], inputs: &[&Path]) -> Result<Vec<PathBuf>, CliError> {
        let mut places: Vec<(PathBuf, FigureFormat, &Figure)> = Vec::new();
        for FigureAbout { context, target, figure } in figures {
            for file in &self.out {
                let path = filled(&file.path, context, target);
                if places.iter().any(|(other, ..)| *other == path) {
                    return Err(CliError::usage(format!(
                        "several lists would be written to {}: put {CONTEXT} and {TARGET} into the name after -o",
                        path.display()
                    )));
                }
                places.push((path, file.format, figure));
            }
        }
        let paths: Vec<PathBuf> = places.iter().map(|(path, ..)| path.clone()).collect();
        output_files::check(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>(), inputs)?;
        let render =
            |(path, format, figure): (PathBuf, FigureFormat, &Figure)| Ok((path, format.render(figure, self.dpi)?));
        let files: Vec<Result<_, CliError>> = places.into_par_iter().map(render).collect();
        output_files::write(&files.into_iter().collect::<Result<Vec<_>, _>>()?)?;
        Ok(paths)
    }

    /// The files.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        self.out.iter().map(|file| file.path.as_path()).collect()
    }

    /// Refuses, before the work, files that could not be written after it or would replace one that is read.
    pub(crate) fn check(&self, inputs: &[&Path]) -> Result<(), CliError> {
        output_files::check(&self.paths(), inputs)
    }

    /// Writes the figure into all files.
    pub(crate) fn save(&self, figure: &Figure) -> Result<(), CliError> {
        let mut files = Vec::with_capacity(self.out.len());
        for FigureFile { path, format } in &self.out {
            files.push((path.as_path(), format.render(figure, self.dpi)?));
        }
        Ok(output_files::write(&files)?)
    }
}

/// A name with a context and a target in it, as far as they can stand in names of files.
fn filled(path: &Path, context: &str, target: &str) -> PathBuf {
    path.to_str().map_or_else(
        || path.to_owned(),
        |name| name.replace(CONTEXT, &file_stem(context)).replace(TARGET, &file_stem(target)).into(),
    )
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
