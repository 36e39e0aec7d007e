//! Pre-ranked gene set enrichment analysis ([Subramanian et al., 2005][paper]).
//!
//! [paper]: https://doi.org/10.1073/pnas.0506580102

mod null;
mod ranking;
mod result;
mod significance;
mod walk;

use crate::{Compatibility, EnrichError, GeneSet};
use ranking::{Members, Ranking};
pub use result::{PrerankTable, RankedTerm};

/// The options of [`prerank`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct PrerankConfig {
    /// Random orders of the genes to compare with
    #[cfg_attr(feature = "clap", arg(id = "gsea_n_permutations", long = "gsea-n-permutations", value_name = "N", default_value_t = Self::default().n_permutations))]
    pub n_permutations: usize,
    /// Fewest ranked genes that a set must have to be tested
    #[cfg_attr(feature = "clap", arg(id = "gsea_min_size", long = "gsea-min-size", value_name = "N", default_value_t = Self::default().min_size))]
    pub min_size: usize,
    /// Most ranked genes that a set may have to be tested
    #[cfg_attr(feature = "clap", arg(id = "gsea_max_size", long = "gsea-max-size", value_name = "N", default_value_t = Self::default().max_size))]
    pub max_size: usize,
    /// Power to which a gene's score counts: 1 as usual, 0 for the classic Kolmogorov-Smirnov statistic
    #[cfg_attr(feature = "clap", arg(id = "gsea_weight", long = "gsea-weight", value_name = "X", default_value_t = Self::default().weight))]
    pub weight: f64,
    /// Seed of the permutations
    #[cfg_attr(feature = "clap", arg(skip))]
    pub seed: u64,
    /// Whose conventions to follow; with gseapy's, p-values may be 0
    #[cfg_attr(feature = "clap", arg(id = "gsea_compatibility", long = "gsea-compatibility", value_name = "WHOSE", value_enum, default_value_t = Self::default().compatibility))]
    pub compatibility: Compatibility,
}

impl Default for PrerankConfig {
    fn default() -> Self {
        Self {
            n_permutations: 1_000,
            min_size: 15,
            max_size: 500,
            weight: 1.0,
            seed: 0,
            compatibility: Compatibility::default(),
        }
    }
}

impl PrerankConfig {
    /// Checks every value, before anything is computed.
    ///
    /// # Errors
    /// [`EnrichError::InvalidOption`] with the first option that is out of range.
    pub fn validate(&self) -> Result<(), EnrichError> {
        let check = |is_valid: bool, option, value, expected| {
            if is_valid { Ok(()) } else { Err(EnrichError::InvalidOption { option, value, expected }) }
        };
        let n_permutations = self.n_permutations as f64;
        check(
            (1..=1_000_000).contains(&self.n_permutations),
            "gsea-n-permutations",
            n_permutations,
            "from 1 to 1000000",
        )?;
        check(self.min_size >= 1, "gsea-min-size", self.min_size as f64, "at least 1")?;
        check(self.max_size >= self.min_size, "gsea-max-size", self.max_size as f64, "at least --gsea-min-size")?;
        check((0.0..=10.0).contains(&self.weight), "gsea-weight", self.weight, "from 0 to 10")
    }
}

/// Tests for every gene set whether its genes gather at one end of a ranking.
///
/// Going down the ranking, a sum rises at genes of the set (by their score to the power `weight`, relative to the set's
/// total) and falls at others; the enrichment score (ES) is where it is furthest from 0. The ES of the same set in
/// random orders of the genes gives its nominal p-value and, after division by their mean of the same sign, the
/// normalised score (NES); the NES of all sets in all orders give false discovery and family-wise error rates.
///
/// The ES are gseapy's, the rest differs by the random numbers. By default a p-value from `b` of `m` random orders is
/// `(b + 1) / (m + 1)` ([Phipson and Smyth, 2010][phipson]); `b / m`, which may be 0, with [`Compatibility::Gseapy`].
///
/// `ranked` need not be sorted; genes of equal score keep their order. Eligible are sets with `min_size` to `max_size`
/// ranked genes, and not all of them. `progress(done, n_permutations)` is called now and then. Memory: 8 bytes for each
/// set and permutation.
///
/// [phipson]: https://doi.org/10.2202/1544-6115.1585
///
/// # Errors
/// [`EnrichError::NoOverlap`] with examples of the names, [`EnrichError::NoEligibleSet`], [`EnrichError::NoSets`],
/// [`EnrichError::NotFinite`], [`EnrichError::DuplicateGene`], [`EnrichError::TooFewGenes`] or
/// [`EnrichError::InvalidOption`].
///
/// # Examples
/// ```
/// use concord_enrich::{PrerankConfig, parse_gmt, prerank};
///
/// let ranked: Vec<(String, f64)> = (0..100).map(|i| (format!("G{i}"), 50.0 - f64::from(i))).collect();
/// let gmt = parse_gmt("top\t\tG0\tG1\tG2\tG4\nspread\t\tG7\tG31\tG55\tG80\n")?;
/// let config = PrerankConfig { min_size: 3, ..PrerankConfig::default() };
/// let table = prerank(&ranked, &gmt.sets, &config, &mut |_done, _total| ())?;
/// assert_eq!((table.terms[0].term.as_str(), table.terms[0].leading_edge.len()), ("top", 4));
/// assert!(table.terms[0].p_value < 0.01 && table.terms[1].p_value > 0.1);
/// # Ok::<(), concord_enrich::EnrichError>(())
/// ```
pub fn prerank<S: AsRef<str>>(
    ranked: &[(S, f64)],
    sets: &[GeneSet],
    config: &PrerankConfig,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<PrerankTable, EnrichError> {
    config.validate()?;
    let ranking = Ranking::new(ranked, config.weight)?;
    let members = Members::new(&ranking, sets, config)?;
    let peaks: Vec<_> = members.hits.iter().map(|hits| walk::peak(hits, &ranking.weights)).collect();
    let scores: Vec<f64> = peaks.iter().map(|peak| peak.score).collect();
    let null = null::scores(&ranking.weights, &members, config, progress);
    let significance = significance::of(&scores, &null, config.compatibility);
    Ok(result::table(&ranking, sets, &members, &peaks, &significance))
}

#[cfg(all(test, feature = "clap"))]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::{OraConfig, PrerankConfig};

    #[derive(Parser)]
    struct Both {
        #[command(flatten)]
        ora: OraConfig,
        #[command(flatten)]
        gsea: PrerankConfig,
    }

    #[test]
    fn the_options_of_both_tests_fit_into_one_command() {
        Both::command().debug_assert();
        let both = Both::parse_from(["enrich", "--ora-min-size", "3", "--gsea-min-size", "4"]);
        assert_eq!(both.ora, OraConfig { min_size: 3, ..OraConfig::default() });
        assert_eq!(both.gsea, PrerankConfig { min_size: 4, ..PrerankConfig::default() });
    }
}
