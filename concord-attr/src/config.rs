use crate::AttrError;

/// How the importance of a gene is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Method {
    /// The plain gradient, as in the paper: what a little more of the gene would do
    Gradient,
    /// The gradient times the expression
    GradientTimesInput,
    /// Gradients along the way from a baseline to the cell, times the difference; they add up (Sundararajan et al. 2017)
    #[default]
    IntegratedGradients,
    /// The same from many baselines, each a cell drawn at random (Erion et al. 2021)
    ExpectedGradients,
    /// The mean gradient around the cell, in random noise (Smilkov et al. 2017)
    SmoothGrad,
}

impl Method {
    /// Whether the parts are meant to add up to a difference of the target.
    pub fn is_integrated(self) -> bool {
        matches!(self, Self::IntegratedGradients | Self::ExpectedGradients)
    }

    /// The name in running text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::GradientTimesInput => "gradient x input",
            Self::IntegratedGradients => "integrated gradients",
            Self::ExpectedGradients => "expected gradients",
            Self::SmoothGrad => "SmoothGrad",
        }
    }
}

/// How the scores of single cells become one of the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Sign {
    /// Their mean: genes that raise the target come first, those that lower it last
    #[default]
    Signed,
    /// The mean of their sizes: genes that move the target either way come first
    Absolute,
}

/// How [`crate::attribute`] works.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct AttributeConfig {
    /// How the importance of a gene is measured
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().method))]
    pub method: Method,
    /// Whether effects up and down are told apart
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().sign))]
    pub sign: Sign,
    /// Integrated gradients: points on the way from the baseline to a cell
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().n_steps))]
    pub n_steps: usize,
    /// Expected and smoothed gradients: random draws for each cell
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().n_samples))]
    pub n_samples: usize,
    /// Smoothed gradients: standard deviation of the noise, in units of log-normalised expression
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", default_value_t = Self::default().noise_sd))]
    pub noise_sd: f64,
    /// Seed of the random draws; on the command line it is that of training.
    #[cfg_attr(feature = "clap", arg(skip))]
    pub seed: u64,
    /// Whether the scores of every cell are kept: `[n_cells, n_genes]` for each target.
    #[cfg_attr(feature = "clap", arg(skip))]
    pub keep_cells: bool,
}

impl Default for AttributeConfig {
    fn default() -> Self {
        Self {
            method: Method::default(),
            sign: Sign::default(),
            n_steps: 16,
            n_samples: 32,
            noise_sd: 0.1,
            seed: 0,
            keep_cells: false,
        }
    }
}

impl AttributeConfig {
    /// Checks every value.
    ///
    /// # Errors
    /// [`AttrError::Option`] with the first option that is out of range.
    pub fn validate(&self) -> Result<(), AttrError> {
        const MOST: usize = 10_000;
        let count = |option, value: usize| {
            let expected = "from 1 to 10000";
            if (1..=MOST).contains(&value) {
                Ok(())
            } else {
                Err(AttrError::Option { option, value: value.to_string(), expected })
            }
        };
        count("n-steps", self.n_steps)?;
        count("n-samples", self.n_samples)?;
        if self.noise_sd.is_finite() && self.noise_sd >= 0.0 {
            return Ok(());
        }
        Err(AttrError::Option { option: "noise-sd", value: self.noise_sd.to_string(), expected: "at least 0" })
    }
}
