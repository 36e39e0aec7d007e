use crate::batch_config::check_n_batches;
use crate::error::{check, check_dispersion, check_level, check_share};
use crate::program::ProgramStyle;
use crate::{
    Amount, BatchEffect, Distribution, EffectKind, EffectSettings, ProgramStructure, SimulateError, Structure,
};

/// What is simulated. Names and defaults are those of the reference's `SimConfig`, `StateConfig` and `BatchConfig`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct SimulateConfig {
    /// Cells of the population from which the batches are drawn; for clusters also one number for each, as 500,300,200
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().n_cells))]
    pub n_cells: Amount,
    /// Genes of all programs together; for clusters also one number for each
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().n_genes))]
    pub n_genes: Amount,
    /// Seed of everything random
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Set negative values to 0
    #[cfg_attr(feature = "clap", arg(long))]
    pub non_neg: bool,
    /// Cut off the fractions of all values
    #[cfg_attr(feature = "clap", arg(long))]
    pub to_int: bool,
    /// How values scatter around the expression of a cell's programs
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "NAME", default_value_t = Self::default().distribution))]
    pub distribution: Distribution,
    /// Expression of a program that is on
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Self::default().level))]
    pub level: f64,
    /// Expression of a program where it starts to turn on
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Self::default().min_level))]
    pub min_level: f64,
    /// By how much values scatter: a standard deviation, or the size parameter of the negative binomial; for clusters
    /// also one number for each
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", value_delimiter = ',', allow_negative_numbers = true, default_values_t = Self::default().dispersion))]
    pub dispersion: Vec<f64>,
    /// How programs turn on and off
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "NAME", default_value_t = Self::default().program_structure))]
    pub program_structure: ProgramStructure,
    /// Share of a program's cells in which it is on, rather than on its way up or down
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", allow_negative_numbers = true, default_value_t = Self::default().program_on_time_fraction))]
    pub program_on_time_fraction: f64,
    /// How the states of the cells hang together
    #[cfg_attr(feature = "clap", arg(skip))]
    pub structure: Structure,
    /// The batches, in order
    #[cfg_attr(feature = "clap", arg(skip = Self::default().batches))]
    pub batches: Vec<Batch>,
}

impl Default for SimulateConfig {
    fn default() -> Self {
        Self {
            n_cells: Amount::Total(1000),
            n_genes: Amount::Total(1000),
            seed: 0,
            non_neg: false,
            to_int: false,
            distribution: Distribution::default(),
            level: 1.0,
            min_level: 0.0,
            dispersion: vec![0.1],
            program_structure: ProgramStructure::default(),
            program_on_time_fraction: 0.3,
            structure: Structure::default(),
            batches: Batch::alike(2, EffectKind::default().with(&EffectSettings::default())),
        }
    }
}

/// Cells that were measured together.
///
/// Each batch is a random part of one population, drawn without replacement. Batches are drawn independently, so that a
/// cell may be in several of them, with the same expression before their effects.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Batch {
    /// What the batch does to expression.
    pub effect: BatchEffect,
    /// Share of the population that is in the batch, above 0 and at most 1.
    pub cell_proportion: f64,
}

impl Batch {
    /// Batches of equal size with the same effect; together they are as large as the population.
    pub fn alike(n_batches: usize, effect: BatchEffect) -> Vec<Self> {
        vec![Self { effect, cell_proportion: 1.0 / n_batches as f64 }; n_batches]
    }
}

impl SimulateConfig {
    /// Checks every value that can be checked by itself.
    pub(crate) fn validate(&self) -> Result<(), SimulateError> {
        match &self.structure {
            Structure::Clusters(clusters) => clusters.validate()?,
            Structure::Trajectory(trajectory) => trajectory.validate()?,
            Structure::Tree(tree) => tree.validate()?,
        }
        let clusters = if let Structure::Clusters(clusters) = &self.structure { Some(clusters) } else { None };
        for (option, amount) in [("n-cells", &self.n_cells), ("n-genes", &self.n_genes)] {
            check_amount(option, amount, clusters.map(|clusters| clusters.n_states))?;
        }
        let n_dispersions = self.dispersion.len();
        let expected = clusters.map_or(1, |clusters| clusters.n_states);
        if n_dispersions != 1 && n_dispersions != expected {
            let (option, found) = ("dispersion", n_dispersions);
            let (things, hint) = if clusters.is_some() { ("clusters", ", or one for all") } else { ("population", "") };
            return Err(SimulateError::WrongNumber { option, found, expected, things, hint });
        }
        for &dispersion in &self.dispersion {
            check_dispersion("dispersion", dispersion, self.distribution)?;
        }
        check_level("level", self.level, self.distribution)?;
        check_level("min-level", self.min_level, self.distribution)?;
        check_share("program-on-time-fraction", self.program_on_time_fraction)?;
        self.validate_batches()
    }

    fn validate_batches(&self) -> Result<(), SimulateError> {
        check_n_batches(self.batches.len())?;
        self.batches.iter().try_for_each(|batch| {
            let share = batch.cell_proportion;
            check(share > 0.0 && share <= 1.0, "batch-cell-proportion", &share, "above 0 and at most 1")?;
            batch.effect.validate()
        })
    }

    /// What all programs have in common.
    pub(crate) fn program_style(&self) -> ProgramStyle {
        ProgramStyle {
            structure: self.program_structure,
            on_time_fraction: self.program_on_time_fraction,
            level: self.level,
            min_level: self.min_level,
        }
    }
}

fn check_amount(option: &'static str, amount: &Amount, n_clusters: Option<usize>) -> Result<(), SimulateError> {
    match (amount, n_clusters) {
        (Amount::Total(total), n_clusters) => {
            let least = n_clusters.unwrap_or(1);
            check(*total >= least.max(1), option, total, format!("at least {least}{}", each_cluster(n_clusters)))
        }
        (Amount::PerCluster(_), None) => Err(SimulateError::NotClusters { option, value: amount.to_string() }),
        (Amount::PerCluster(numbers), Some(expected)) if numbers.len() != expected => {
            let (found, things, hint) = (numbers.len(), "clusters", ", or one number for all together");
            Err(SimulateError::WrongNumber { option, found, expected, things, hint })
        }
        (Amount::PerCluster(numbers), Some(_)) => {
            check(numbers.iter().all(|&number| number > 0), option, amount, "at least 1 in each cluster")
        }
    }
}

fn each_cluster(n_clusters: Option<usize>) -> &'static str {
    if n_clusters.is_some() { ", one for each cluster" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tree;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(SimulateConfig::default().validate(), Ok(()));
    }

    #[track_caller]
    fn refused(config: &SimulateConfig, expected: &str) {
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains(expected), "{expected:?} is not in: {message}");
    }

    #[test]
    fn sizes_must_suit_the_structure() {
        let default = SimulateConfig::default;
        let tree = || Structure::Tree(Tree::default());
        refused(&SimulateConfig { n_cells: Amount::Total(0), ..default() }, "--n-cells 0 is out of range: at least 3");
        refused(&SimulateConfig { n_genes: Amount::Total(2), ..default() }, "one for each cluster");
        let none = SimulateConfig { n_cells: Amount::Total(0), structure: tree(), ..default() };
        refused(&none, "--n-cells 0 is out of range: at least 1");
        let each = Amount::PerCluster(vec![5, 5]);
        refused(&SimulateConfig { n_cells: each.clone(), ..default() }, "--n-cells has 2 values for 3 clusters");
        refused(&SimulateConfig { n_cells: each, structure: tree(), ..default() }, "--structure clusters only");
        refused(&SimulateConfig { n_genes: Amount::PerCluster(vec![5, 0, 5]), ..default() }, "at least 1 in each");
        refused(&SimulateConfig { dispersion: vec![0.1; 2], ..default() }, "--dispersion has 2 values for 3 clusters");
        refused(&SimulateConfig { dispersion: vec![], ..default() }, "--dispersion has 0 values");
        let two = SimulateConfig { dispersion: vec![0.1; 2], structure: tree(), ..default() };
        refused(&two, "--dispersion has 2 values for 1 population: give one for each");
    }

    #[test]
    fn numbers_must_make_sense() {
        let default = SimulateConfig::default;
        refused(&SimulateConfig { dispersion: vec![-0.1], ..default() }, "--dispersion -0.1 is out of range");
        refused(&SimulateConfig { level: f64::NAN, ..default() }, "--level NaN");
        refused(
            &SimulateConfig { min_level: -1.0, distribution: Distribution::Poisson, ..default() },
            "--min-level -1",
        );
        refused(&SimulateConfig { program_on_time_fraction: 1.2, ..default() }, "--program-on-time-fraction 1.2");
        refused(&SimulateConfig { batches: vec![], ..default() }, "--n-batches 0 is out of range");
        let batches = vec![Batch { effect: BatchEffect::None, cell_proportion: -0.5 }];
        refused(&SimulateConfig { batches, ..default() }, "--batch-cell-proportion -0.5");
        let batches = Batch::alike(2, BatchEffect::UniformDropout { level: -0.2 });
        refused(&SimulateConfig { batches, ..default() }, "--batch-level -0.2 is out of range: uniform_dropout loses");
    }
}
