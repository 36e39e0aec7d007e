use std::{fmt, process::ExitCode};

use concord_attr::AttrError;
use concord_core::CoreError;
use concord_embed::EmbedError;
use concord_enrich::EnrichError;
use concord_io::{IoError, is_10x};
use concord_model::ModelError;
use concord_plot::PlotError;
use concord_prep::PrepError;
use concord_simulate::SimulateError;

/// Why a command ended without its result, and whose turn it is.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The command line or an input file is wrong: exit code 2.
    Usage(anyhow::Error),
    /// The work failed: exit code 1.
    Work(anyhow::Error),
    /// The work was interrupted and can go on: exit code 130.
    Interrupted(anyhow::Error),
}

/// The exit code of a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

impl CliError {
    /// A mistake of the command line.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::Usage(anyhow::anyhow!("{message}"))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Work(_) => ExitCode::from(1),
            Self::Interrupted(_) => ExitCode::from(INTERRUPTED),
        }
    }
}

/// One line, whatever the libraries below say.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(error) | Self::Work(error) | Self::Interrupted(error)) = self;
        let line = format!("{error:#}");
        f.write_str(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl From<IoError> for CliError {
    fn from(error: IoError) -> Self {
        match &error {
            IoError::Write { .. } | IoError::NoSpace { .. } | IoError::InvalidAddition { .. } => {
                Self::Work(error.into())
            }
            IoError::MissingTable { path, .. }
            | IoError::MissingMatrix { path, .. }
            | IoError::MissingRaw { path, .. }
            | IoError::MissingLayer { path, .. }
            | IoError::NotHdf5 { path, .. }
            | IoError::Read { path, .. }
                if is_10x(path) =>
            {
                let path = path.display();
                Self::usage(format!(
                    "{path}: is a 10x matrix; make an h5ad file of it: concord convert {path} -o data.h5ad"
                ))
            }
            _ => Self::Usage(error.into()),
        }
    }
}

impl From<CoreError> for CliError {
    fn from(error: CoreError) -> Self {
        Self::Usage(error.into())
    }
}

impl From<PrepError> for CliError {
    fn from(error: PrepError) -> Self {
        Self::Usage(error.into())
    }
}

impl From<AttrError> for CliError {
    fn from(error: AttrError) -> Self {
        match error {
            AttrError::NotFinite { .. } | AttrError::NoSuchGene { .. } => Self::Work(error.into()),
            _ => Self::Usage(error.into()),
        }
    }
}

impl From<EmbedError> for CliError {
    fn from(error: EmbedError) -> Self {
        match error {
            EmbedError::InvalidOption { .. } | EmbedError::Core(_) => Self::Usage(error.into()),
            _ => Self::Work(error.into()),
        }
    }
}

impl From<EnrichError> for CliError {
    fn from(error: EnrichError) -> Self {
        Self::Usage(error.into())
    }
}

impl From<ModelError> for CliError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Option { .. }
            | ModelError::Contradiction { .. }
            | ModelError::MissingInput { .. }
            | ModelError::TooFewCells { .. }
            | ModelError::SmallDomain { .. }
            | ModelError::EmptyEpoch { .. }
            | ModelError::MissingDomain { .. }
            | ModelError::MissingCovariate { .. }
            | ModelError::NoLabelledCells { .. }
            | ModelError::NoSuchCategory { .. }
            | ModelError::TooFewNeighbors { .. }
            | ModelError::TooFewForValidation { .. }
            | ModelError::NoCoverage { .. }
            | ModelError::OtherShape { .. }
            | ModelError::OtherCategories { .. }
            | ModelError::CovariateName { .. }
            | ModelError::OtherData { .. }
            | ModelError::NoHead { .. }
            | ModelError::GeneCount { .. }
            | ModelError::Core(_) => Self::Usage(error.into()),
            _ => Self::Work(error.into()),
        }
    }
}

impl From<PlotError> for CliError {
    fn from(error: PlotError) -> Self {
        match error {
            PlotError::BadSetting { name, value, expected } => {
                Self::usage(format!("--{} {value} is out of range: {expected}", name.replace('_', "-")))
            }
            PlotError::TooLarge { .. } => Self::Usage(error.into()),
            _ => Self::Work(error.into()),
        }
    }
}

impl From<SimulateError> for CliError {
    fn from(error: SimulateError) -> Self {
        Self::Usage(error.into())
    }
}

impl From<anyhow::Error> for CliError {
    fn from(error: anyhow::Error) -> Self {
        Self::Work(error)
    }
}
