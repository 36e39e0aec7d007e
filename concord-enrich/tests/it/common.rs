//! Inputs of the tests, and comparisons with gseapy's tables.

use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};

use concord_enrich::{EnrichedTerm, GeneSet, Gmt, RankedTerm, parse_gmt};

pub(crate) fn set(name: &str, genes: &[&str]) -> GeneSet {
    GeneSet { name: name.into(), description: String::new(), genes: genes.iter().map(|&gene| gene.into()).collect() }
}

/// The folder of reference data, or `None` (said aloud) where it is not.
#[allow(clippy::print_stderr)]
pub(crate) fn shared(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("CONCORD_SHARED").map_or_else(beside, PathBuf::from);
    if folder.join("golden").is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {test}: there is no {}; set CONCORD_SHARED", folder.display());
    None
}

/// The GO terms of the reference results.
pub(crate) fn go_terms(shared: &Path) -> Result<Gmt, Box<dyn Error>> {
    Ok(parse_gmt(&std::fs::read_to_string(shared.join("data/GO_Biological_Process_2021.gmt"))?)?)
}

pub(crate) fn lines(path: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    Ok(std::fs::read_to_string(path)?.lines().map(str::to_owned).collect())
}

/// The rows of a compressed table, without its header.
pub(crate) fn rows(path: &Path) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let fields = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    Ok(reader.records().map(|row| row.map(fields)).collect::<Result<_, _>>()?)
}

/// A row of gseapy's over-representation.
pub(crate) struct GoldenTerm {
    pub(crate) term: String,
    pub(crate) overlap: String,
    /// P-value, adjusted p-value, odds ratio, combined score.
    pub(crate) numbers: [f64; 4],
    /// Sorted by name.
    pub(crate) genes: Vec<String>,
}

/// Fails unless both tables are equal: names, genes and counts exactly, numbers to twelve digits.
#[track_caller]
pub(crate) fn assert_same_terms(terms: &[EnrichedTerm], golden: &[GoldenTerm]) {
    assert_eq!(terms.len(), golden.len(), "number of terms");
    for (ours, theirs) in terms.iter().zip(golden) {
        assert_eq!(ours.term, theirs.term);
        assert_eq!(format!("{}/{}", ours.genes.len(), ours.set_size), theirs.overlap, "{}", ours.term);
        let mut genes = ours.genes.clone();
        genes.sort_unstable();
        assert_eq!(genes, theirs.genes, "{}", ours.term);
        let numbers = [ours.p_value, ours.adjusted_p_value, ours.odds_ratio, ours.combined_score];
        for (i, (&number, &expected)) in numbers.iter().zip(&theirs.numbers).enumerate() {
            // Near p = 1 the logarithm in the combined score has few digits left in either implementation.
            let allowed = 1e-12 * expected.abs() + if i == 3 { 1e-12 * ours.odds_ratio } else { 0.0 };
            assert!((number - expected).abs() <= allowed, "{}, number {i}: {number}, expected {expected}", ours.term);
        }
    }
}

/// A row of gseapy's pre-ranked analysis.
pub(crate) struct GoldenRank {
    pub(crate) term: String,
    pub(crate) score: f64,
    pub(crate) normalized_score: f64,
    pub(crate) p_value: f64,
    pub(crate) false_discovery_rate: f64,
    pub(crate) family_wise_error_rate: f64,
    pub(crate) tag: String,
    pub(crate) gene: String,
    pub(crate) leading_edge: String,
}

/// Differences of random results, in standard errors.
#[derive(Default)]
pub(crate) struct Noise {
    deviations: Vec<f64>,
}

impl Noise {
    /// `values` are independent estimates; each has the standard error of the same place.
    #[track_caller]
    pub(crate) fn add(&mut self, what: &str, values: [f64; 2], errors: [f64; 2]) {
        let deviation = (values[0] - values[1]) / errors[0].hypot(errors[1]);
        // One of 100,000 deviations is as large as that when there is nothing but noise.
        assert!(deviation.abs() < 4.5, "{what}: {values:?} differ by {deviation:.2} standard errors");
        self.deviations.push(deviation);
    }

    /// A difference too small to be seen in single values is seen in their spread.
    pub(crate) fn root_mean_square(&self) -> f64 {
        (self.deviations.iter().map(|d| d * d).sum::<f64>() / self.deviations.len() as f64).sqrt()
    }
}

/// What does not depend on random numbers is equal, the enrichment scores up to `allowed`.
#[track_caller]
pub(crate) fn assert_same_scores(terms: &[RankedTerm], golden: &[GoldenRank], allowed: f64) -> Vec<usize> {
    assert_eq!(terms.len(), golden.len(), "number of terms");
    let place = |golden: &GoldenRank| terms.iter().position(|term| term.term == golden.term);
    let places: Vec<usize> = golden.iter().filter_map(place).collect();
    assert_eq!(places.len(), golden.len(), "the same terms");
    for (theirs, &place) in golden.iter().zip(&places) {
        let ours = &terms[place];
        let (score, expected) = (ours.score, theirs.score);
        assert!((score - expected).abs() < allowed, "{}: ES {score}, expected {expected}", ours.term);
        assert_eq!(format!("{}/{}", ours.leading_edge.len(), ours.set_size), theirs.tag, "{}", ours.term);
        assert_eq!(format!("{:.2}%", 100.0 * ours.ranking_fraction), theirs.gene, "{}", ours.term);
        assert_eq!(ours.leading_edge.join(";"), theirs.leading_edge, "{}", ours.term);
    }
    places
}
