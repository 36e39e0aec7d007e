use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::SimulateError;
use crate::error::{check, check_share};

/// How the states of the cells hang together.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(tag = "state_type"))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Structure {
    /// Separate groups.
    Clusters(Clusters),
    /// One way, or a loop.
    Trajectory(Trajectory),
    /// Branches that part again and again.
    Tree(Tree),
}

impl Default for Structure {
    fn default() -> Self {
        Self::Clusters(Clusters::default())
    }
}

/// Groups of cells, each with a program of its own genes.
///
/// The genes and the cells are divided evenly; what cannot be divided is left out, as in the reference.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Clusters {
    /// Number of clusters
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().n_states))]
    pub n_states: usize,
    /// Share of the genes that become part of a program of all cells
    #[cfg_attr(feature = "clap", arg(skip = Self::default().global_non_specific_gene_fraction))]
    pub global_non_specific_gene_fraction: f64,
    /// Share of the genes of two clusters that become part of a program of both, as 0:1=0.2; the first cluster is 0
    #[cfg_attr(feature = "clap", arg(long, value_name = "A:B=P", value_delimiter = ','))]
    pub pairwise_non_specific_gene_fraction: Vec<SharedGenes>,
}

impl Default for Clusters {
    fn default() -> Self {
        Self { n_states: 3, global_non_specific_gene_fraction: 0.1, pairwise_non_specific_gene_fraction: Vec::new() }
    }
}

/// Genes that two clusters share.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SharedGenes {
    /// The two clusters, from 0.
    pub clusters: (usize, usize),
    /// Share of the genes of both.
    pub fraction: f64,
}

/// A text that is no [`SharedGenes`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{0}' names no two clusters with a share of their genes: write it as 0:1=0.2")]
pub struct InvalidSharedGenes(pub String);

impl FromStr for SharedGenes {
    type Err = InvalidSharedGenes;

    fn from_str(text: &str) -> Result<Self, InvalidSharedGenes> {
        let parse = || {
            let (pair, fraction) = text.split_once('=')?;
            let (a, b) = pair.split_once(':')?;
            let clusters = (a.trim().parse().ok()?, b.trim().parse().ok()?);
            Some(Self { clusters, fraction: fraction.trim().parse().ok()? })
        };
        parse().ok_or_else(|| InvalidSharedGenes(text.to_owned()))
    }
}

impl fmt::Display for SharedGenes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}={}", self.clusters.0, self.clusters.1, self.fraction)
    }
}

/// Programs that turn on one after the other.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Trajectory {
    /// Number of programs along the way, at least 2
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().program_num))]
    pub program_num: usize,
    /// Cells of a program, as a share of all cells; above 0, at most 1
    #[cfg_attr(feature = "clap", arg(long, value_name = "P", allow_negative_numbers = true, default_value_t = Self::default().cell_block_size_ratio))]
    pub cell_block_size_ratio: f64,
    /// Programs that turn on once more at the end, one after the other (the first is 0): 0 makes a loop of the whole way
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", value_delimiter = ','))]
    pub loop_to: Vec<usize>,
    /// Share of the genes that are on in all cells
    #[cfg_attr(feature = "clap", arg(skip = Self::default().global_non_specific_gene_fraction))]
    pub global_non_specific_gene_fraction: f64,
}

impl Default for Trajectory {
    fn default() -> Self {
        Self { program_num: 3, cell_block_size_ratio: 0.3, loop_to: Vec::new(), global_non_specific_gene_fraction: 0.0 }
    }
}

/// A root and branches, each of which adds a program to those that it inherits.
///
/// `n_cells` and `n_genes` are divided by the number of leaves. Every branch, not the leaves alone, has that many cells
/// (times the decay), and genes likewise, so that the tree may have more cells and genes than these, or fewer.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Tree {
    /// Branches that grow from one; one number, or one for each level from the root on
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", value_delimiter = ',', default_values_t = Self::default().branching_factor))]
    pub branching_factor: Vec<usize>,
    /// Levels of branches above the root
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().depth))]
    pub depth: usize,
    /// Cells between the starts of two genes of a program, in programs of increasing dimension
    #[cfg_attr(feature = "clap", arg(long, value_name = "N", default_value_t = Self::default().program_gap_size))]
    pub program_gap_size: usize,
    /// Genes of a branch, as a share of those of the branch it grows from
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Self::default().program_decay))]
    pub program_decay: f64,
    /// Cells of a branch, as a share of those of the branch it grows from
    #[cfg_attr(feature = "clap", arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Self::default().cellcount_decay))]
    pub cellcount_decay: f64,
    /// Whether the genes of other branches are 0 without noise
    #[cfg_attr(feature = "clap", arg(long, value_name = "BOOL", action = clap::ArgAction::Set, default_value_t = Self::default().noise_in_block))]
    pub noise_in_block: bool,
    /// Names of more genes, which are on in all cells
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", value_delimiter = ','))]
    pub initial_inherited_genes: Vec<String>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            branching_factor: vec![2],
            depth: 3,
            program_gap_size: 1,
            program_decay: 0.5,
            cellcount_decay: 1.0,
            noise_in_block: true,
            initial_inherited_genes: Vec::new(),
        }
    }
}

/// More clusters or steps of a way than any data set has.
const MOST_PROGRAMS: usize = 100_000;
/// Branches on branches: more levels than any tree of cells has.
const MOST_LEVELS: usize = 100;

impl Clusters {
    pub(crate) fn validate(&self) -> Result<(), SimulateError> {
        let expected = format!("from 1 to {MOST_PROGRAMS}");
        check((1..=MOST_PROGRAMS).contains(&self.n_states), "n-states", &self.n_states, expected)?;
        check_share("global-non-specific-gene-fraction", self.global_non_specific_gene_fraction)?;
        self.pairwise_non_specific_gene_fraction.iter().try_for_each(|shared| {
            let (a, b) = shared.clusters;
            let is_valid = a != b && a.max(b) < self.n_states && (0.0..=1.0).contains(&shared.fraction);
            let expected = format!("two different clusters from 0 to {} and a share from 0 to 1", self.n_states - 1);
            check(is_valid, "pairwise-non-specific-gene-fraction", shared, expected)
        })
    }
}

impl Trajectory {
    pub(crate) fn validate(&self) -> Result<(), SimulateError> {
        let expected = format!("from 2 to {MOST_PROGRAMS}");
        check((2..=MOST_PROGRAMS).contains(&self.program_num), "program-num", &self.program_num, expected)?;
        let ratio = self.cell_block_size_ratio;
        check(ratio > 0.0 && ratio <= 1.0, "cell-block-size-ratio", &ratio, "above 0 and at most 1")?;
        check_share("global-non-specific-gene-fraction", self.global_non_specific_gene_fraction)?;
        self.loop_to.iter().try_for_each(|&program| {
            let expected =
                format!("programs are counted from 0, and a loop leads to one before the last of {}", self.program_num);
            check(program < self.program_num - 1, "loop-to", &program, expected)
        })
    }
}

impl Tree {
    pub(crate) fn validate(&self) -> Result<(), SimulateError> {
        let expected = format!("from 1 to {MOST_LEVELS}");
        check((1..=MOST_LEVELS).contains(&self.depth), "depth", &self.depth, expected)?;
        let factors = &self.branching_factor;
        if factors.len() != 1 && factors.len() != self.depth {
            let (found, expected) = (factors.len(), self.depth);
            let hint = ", or one for all";
            return Err(SimulateError::WrongNumber {
                option: "branching-factor",
                found,
                expected,
                things: "levels",
                hint,
            });
        }
        for &factor in factors {
            check(factor > 0, "branching-factor", &factor, "at least 1")?;
        }
        for (option, decay) in [("program-decay", self.program_decay), ("cellcount-decay", self.cellcount_decay)] {
            check((0.0..=1e3).contains(&decay), option, &decay, "from 0 to 1000")?;
        }
        let is_named = self.initial_inherited_genes.iter().all(|name| !name.trim().is_empty());
        check(is_named, "initial-inherited-genes", &"''", "names that are not empty")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_genes_are_read_back() {
        let shared: SharedGenes = "0:2=0.25".parse().unwrap();
        assert_eq!(shared, SharedGenes { clusters: (0, 2), fraction: 0.25 });
        assert_eq!(shared.to_string().parse(), Ok(shared));
        for text in ["", "0:1", "0=0.2", "a:b=1", "0:-1=0.1"] {
            assert_eq!(text.parse::<SharedGenes>(), Err(InvalidSharedGenes(text.to_owned())));
        }
    }

    #[test]
    fn clusters_that_are_not_there_share_nothing() {
        for text in ["0:3=0.1", "1:1=0.1", "0:1=1.1", "0:1=-0.1", "0:1=NaN"] {
            let pairwise_non_specific_gene_fraction = vec![text.parse().unwrap()];
            let clusters = Clusters { pairwise_non_specific_gene_fraction, ..Clusters::default() };
            assert!(clusters.validate().is_err(), "{text}");
        }
    }

    #[test]
    fn loops_lead_back() {
        let default = Trajectory::default;
        assert!(Trajectory { loop_to: vec![0, 1], ..default() }.validate().is_ok());
        let message = Trajectory { loop_to: vec![2], ..default() }.validate().unwrap_err().to_string();
        assert!(message.starts_with("--loop-to 2 is out of range") && message.ends_with("the last of 3"), "{message}");
        assert!(Trajectory { loop_to: vec![usize::MAX], ..default() }.validate().is_err());
        assert!(Trajectory { program_num: 1, ..default() }.validate().is_err());
        assert!(Trajectory { program_num: usize::MAX, ..default() }.validate().is_err());
        assert!(Trajectory { cell_block_size_ratio: 0.0, ..default() }.validate().is_err());
    }

    #[test]
    fn trees_have_levels_and_branches() {
        let default = Tree::default;
        assert!(Tree { branching_factor: vec![2, 3, 1], ..default() }.validate().is_ok());
        for tree in [
            Tree { branching_factor: vec![2, 3], ..default() },
            Tree { branching_factor: vec![], ..default() },
            Tree { branching_factor: vec![0], ..default() },
            Tree { depth: 0, ..default() },
            Tree { depth: 101, ..default() },
            Tree { program_decay: -0.5, ..default() },
            Tree { cellcount_decay: f64::NAN, ..default() },
            Tree { initial_inherited_genes: vec![String::new()], ..default() },
        ] {
            assert!(tree.validate().is_err(), "{tree:?}");
        }
    }
}
