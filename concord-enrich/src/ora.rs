use std::collections::{HashMap, HashSet};

use concord_core::{Column, Table};
use rayon::prelude::*;

use crate::error::NoOverlap;
use crate::hypergeometric::upper_tail;
use crate::{Compatibility, EnrichError, GeneSet, Identifiers, benjamini_hochberg};

/// The genes among which a gene list was chosen. The [crate's page](crate) shows why this decides the result.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Background {
    /// All genes of the gene sets, as gseapy does when it is given nothing.
    #[default]
    GeneSets,
    /// These genes. Genes of the list and of the sets that are not among them are left out.
    Genes(Vec<String>),
    /// This many genes, whatever their names. Nothing is left out: mind the trap.
    Number(usize),
}

/// The options of [`over_representation`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct OraConfig {
    /// The genes among which the list was chosen
    #[cfg_attr(feature = "clap", arg(skip))]
    pub background: Background,
    /// Fewest genes of the background that a set must have to be tested
    #[cfg_attr(feature = "clap", arg(id = "ora_min_size", long = "ora-min-size", value_name = "N", default_value_t = Self::default().min_size))]
    pub min_size: usize,
    /// Most genes of the background that a set may have to be tested
    #[cfg_attr(feature = "clap", arg(id = "ora_max_size", long = "ora-max-size", value_name = "N", default_value_t = Self::default().max_size))]
    pub max_size: usize,
    /// Whose conventions to follow; gseapy has no limits of size, and does not count sets without a gene of the list
    #[cfg_attr(feature = "clap", arg(id = "ora_compatibility", long = "ora-compatibility", value_name = "WHOSE", value_enum, default_value_t = Self::default().compatibility))]
    pub compatibility: Compatibility,
}

impl Default for OraConfig {
    fn default() -> Self {
        Self {
            background: Background::default(),
            min_size: 5,
            max_size: 1_000,
            compatibility: Compatibility::default(),
        }
    }
}

impl OraConfig {
    /// Checks every value, before anything is computed.
    ///
    /// # Errors
    /// [`EnrichError::InvalidOption`] with the first option that is out of range.
    pub fn validate(&self) -> Result<(), EnrichError> {
        let check = |is_valid: bool, option, value: usize, expected| {
            if is_valid { Ok(()) } else { Err(EnrichError::InvalidOption { option, value: value as f64, expected }) }
        };
        check(self.min_size >= 1, "ora-min-size", self.min_size, "at least 1")?;
        check(self.max_size >= self.min_size, "ora-max-size", self.max_size, "at least --ora-min-size")?;
        check(self.background != Background::Number(0), "background", 0, "a positive number of genes")
    }

    /// Whether a set of this size, which shares so many genes with the list, is tested.
    fn is_eligible(&self, set_size: usize, n_shared: usize) -> bool {
        match self.compatibility {
            Compatibility::None => (self.min_size..=self.max_size).contains(&set_size),
            Compatibility::Gseapy => n_shared > 0,
        }
    }
}

/// One gene set, tested against a gene list.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EnrichedTerm {
    /// Name of the set.
    pub term: String,
    /// Genes of the set that are in the background.
    pub set_size: usize,
    /// Probability that a random list of this length shares at least as many genes with the set.
    pub p_value: f64,
    /// The p-value after Benjamini and Hochberg.
    pub adjusted_p_value: f64,
    /// Odds ratio of being in the list and in the set, with 0.5 added to each of the four numbers.
    pub odds_ratio: f64,
    /// Odds ratio times the negative natural logarithm of the p-value (Enrichr's score).
    pub combined_score: f64,
    /// The shared genes, in the order of the list.
    pub genes: Vec<String>,
}

/// What [`over_representation`] found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EnrichmentTable {
    /// The tested sets, by p-value, then by name (as gseapy: by name).
    pub terms: Vec<EnrichedTerm>,
    /// Different genes of the list that are in the background.
    pub n_genes: usize,
    /// Different genes of the list that are not.
    pub n_outside_background: usize,
    /// Genes of the list and the background that stand in any of the sets.
    pub n_annotated: usize,
    /// Genes in the background.
    pub n_background: usize,
    /// Sets that were not eligible.
    pub n_not_tested: usize,
}

impl EnrichmentTable {
    /// The terms under gseapy's column names: Term, Overlap, P-value, Adjusted P-value, Odds Ratio, Combined Score, Genes.
    ///
    /// # Errors
    /// None in practice: the columns are of one length.
    pub fn to_table(&self) -> Result<Table, EnrichError> {
        let texts = |text: &dyn Fn(&EnrichedTerm) -> String| {
            Column::Texts(self.terms.iter().map(|term| Some(text(term))).collect())
        };
        let floats = |value: &dyn Fn(&EnrichedTerm) -> f64| Column::Floats(self.terms.iter().map(value).collect());
        let mut table = Table::new(self.terms.len());
        table.insert("Term", texts(&|term| term.term.clone()))?;
        table.insert("Overlap", texts(&|term| format!("{}/{}", term.genes.len(), term.set_size)))?;
        table.insert("P-value", floats(&|term| term.p_value))?;
        table.insert("Adjusted P-value", floats(&|term| term.adjusted_p_value))?;
        table.insert("Odds Ratio", floats(&|term| term.odds_ratio))?;
        table.insert("Combined Score", floats(&|term| term.combined_score))?;
        table.insert("Genes", texts(&|term| term.genes.join(";")))?;
        Ok(table)
    }
}

/// Tests for every gene set whether it shares more genes with a list than chance would have it.
///
/// The p-value is the upper tail of the hypergeometric distribution (Fisher's exact test, one-sided). Every eligible set
/// counts as a test in the correction, also one that shares no gene with the list: gseapy leaves those out, which makes
/// its adjusted p-values too small. [`Compatibility::Gseapy`] gives gseapy's table: sets with an overlap, of any size, by
/// name. (Two things are still not done: gene names are never turned into capitals, and a combined score is finite.)
///
/// A gene that stands in the list twice counts once.
///
/// # Errors
/// [`EnrichError::NoOverlap`] with examples of the names when the list has no gene in the background, or the background
/// (with a number: the list) none in the gene sets; [`EnrichError::InvalidOption`], [`EnrichError::NoGenes`],
/// [`EnrichError::NoSets`], [`EnrichError::NoEligibleSet`] or [`EnrichError::BackgroundTooSmall`].
///
/// # Examples
/// ```
/// use concord_enrich::{Background, OraConfig, over_representation, parse_gmt};
///
/// let gmt = parse_gmt("T cells\t\tCD3D\tCD3E\tCD2\tIL7R\nB cells\t\tCD79A\tMS4A1\tCD19\tIL7R\n")?;
/// let all = ["CD3D", "CD3E", "CD2", "IL7R", "CD79A", "MS4A1", "CD19", "LYZ", "NKG7", "PPBP"].map(String::from);
/// let config = OraConfig { background: Background::Genes(all.into()), min_size: 2, ..OraConfig::default() };
/// let table = over_representation(&["CD3E", "CD2", "CD3D"], &gmt.sets, &config)?;
/// assert_eq!((table.terms[0].term.as_str(), table.terms[0].genes.len()), ("T cells", 3));
/// // 4 ways to choose 3 of the set's 4 genes, of 120 to choose 3 of 10.
/// assert!((table.terms[0].p_value - 4.0 / 120.0).abs() < 1e-12);
/// # Ok::<(), concord_enrich::EnrichError>(())
/// ```
pub fn over_representation<S: AsRef<str>>(
    genes: &[S],
    sets: &[GeneSet],
    config: &OraConfig,
) -> Result<EnrichmentTable, EnrichError> {
    config.validate()?;
    if sets.iter().all(|set| set.genes.is_empty()) {
        return Err(EnrichError::NoSets { n_empty: sets.len() });
    }
    let universe = Universe::new(&config.background, sets);
    let list = GeneList::new(genes, &universe)?;
    let overlaps: Vec<Overlap<'_>> = sets.par_iter().map(|set| list.overlap(set, &universe)).collect();
    check_overlap(&list, &universe, sets, &overlaps)?;
    let (tested, others): (Vec<_>, Vec<_>) =
        overlaps.into_iter().partition(|overlap| config.is_eligible(overlap.set_size, overlap.places.len()));
    if tested.is_empty() && config.compatibility == Compatibility::None {
        return Err(EnrichError::NoEligibleSet {
            n_sets: sets.len(),
            largest: others.iter().map(|overlap| overlap.set_size).max().unwrap_or(0),
            min_size: config.min_size,
            max_size: config.max_size,
            all_genes: false,
        });
    }
    let annotated: HashSet<u32> = tested.iter().chain(&others).flat_map(|o| o.places.iter().copied()).collect();
    let terms = tested.par_iter().map(|overlap| list.test(overlap, universe.len())).collect::<Result<_, _>>()?;
    Ok(EnrichmentTable {
        terms: corrected(terms, config.compatibility),
        n_genes: list.names.len(),
        n_outside_background: list.n_outside,
        n_annotated: annotated.len(),
        n_background: universe.len(),
        n_not_tested: others.len(),
    })
}

/// The background, to look genes up in.
enum Universe<'a> {
    /// The names as a set, and as they were given.
    Names(HashSet<&'a str>, Vec<&'a str>),
    Number(usize),
}

impl<'a> Universe<'a> {
    fn new(background: &'a Background, sets: &'a [GeneSet]) -> Self {
        let names: Vec<&str> = match background {
            Background::GeneSets => gene_names(sets).collect(),
            Background::Genes(names) => names.iter().map(String::as_str).collect(),
            Background::Number(n) => return Self::Number(*n),
        };
        Self::Names(names.iter().copied().collect(), names)
    }

    fn len(&self) -> usize {
        match self {
            Self::Names(names, _) => names.len(),
            Self::Number(n) => *n,
        }
    }

    fn contains(&self, gene: &str) -> bool {
        match self {
            Self::Names(names, _) => names.contains(gene),
            Self::Number(_) => true,
        }
    }
}

fn gene_names(sets: &[GeneSet]) -> impl Iterator<Item = &str> {
    sets.iter().flat_map(|set| &set.genes).map(String::as_str)
}

/// The different genes of a list that are in the background.
struct GeneList<'a> {
    names: Vec<&'a str>,
    places: HashMap<&'a str, u32>,
    n_outside: usize,
}

/// What a list and a set have in common: places in the list.
struct Overlap<'a> {
    set: &'a GeneSet,
    set_size: usize,
    places: Vec<u32>,
}

impl<'a> GeneList<'a> {
    fn new<S: AsRef<str>>(genes: &'a [S], universe: &Universe<'_>) -> Result<Self, EnrichError> {
        let mut seen = HashSet::new();
        let given = genes.iter().map(|gene| gene.as_ref().trim()).filter(|gene| !gene.is_empty() && seen.insert(*gene));
        let (names, outside): (Vec<&str>, Vec<&str>) = given.partition(|gene| universe.contains(gene));
        match universe {
            _ if !names.is_empty() => {}
            Universe::Names(_, known) if !outside.is_empty() => {
                return Err(no_overlap(("genes of the list", &outside), ("genes of the background", known)));
            }
            _ => return Err(EnrichError::NoGenes),
        }
        let places = names.iter().zip(0..).map(|(&name, place)| (name, place)).collect();
        Ok(Self { names, places, n_outside: outside.len() })
    }

    fn overlap<'s>(&self, set: &'s GeneSet, universe: &Universe<'_>) -> Overlap<'s> {
        let members: HashSet<&str> =
            set.genes.iter().map(String::as_str).filter(|gene| universe.contains(gene)).collect();
        let mut places: Vec<u32> = members.iter().filter_map(|gene| self.places.get(gene).copied()).collect();
        places.sort_unstable();
        Overlap { set, set_size: members.len(), places }
    }

    /// The test of one set; the adjusted p-value is that of a single test.
    fn test(&self, overlap: &Overlap<'_>, n_background: usize) -> Result<EnrichedTerm, EnrichError> {
        let (n_genes, set_size, n_shared) = (self.names.len(), overlap.set_size, overlap.places.len());
        let term = overlap.set.name.clone();
        let n_needed = n_genes + set_size - n_shared;
        let Some(n_neither) = n_background.checked_sub(n_needed) else {
            return Err(EnrichError::BackgroundTooSmall { n_background, n_needed, term });
        };
        let p_value = upper_tail(n_shared as u64, set_size as u64, n_genes as u64, n_background as u64);
        // Half a gene more in each of the four cells (Haldane and Anscombe), so that nothing is divided by zero.
        let cell = |n: usize| n as f64 + 0.5;
        let odds_ratio = cell(n_shared) * cell(n_neither) / (cell(set_size - n_shared) * cell(n_genes - n_shared));
        Ok(EnrichedTerm {
            term,
            set_size,
            p_value,
            adjusted_p_value: p_value,
            odds_ratio,
            // Never -0, and never infinite for a p-value below the smallest float.
            combined_score: (1.0 / p_value.max(f64::MIN_POSITIVE)).ln() * odds_ratio,
            genes: overlap.places.iter().map(|&place| self.names[place as usize].to_owned()).collect(),
        })
    }
}

/// Whether background and sets speak of the same genes at all.
fn check_overlap(
    list: &GeneList<'_>,
    universe: &Universe<'_>,
    sets: &[GeneSet],
    overlaps: &[Overlap<'_>],
) -> Result<(), EnrichError> {
    let annotated: Vec<&str> = gene_names(sets).collect();
    match universe {
        Universe::Names(_, names) if overlaps.iter().all(|overlap| overlap.set_size == 0) => {
            Err(no_overlap(("genes of the background", names), ("genes of the gene sets", &annotated)))
        }
        Universe::Number(_) if overlaps.iter().all(|overlap| overlap.places.is_empty()) => {
            Err(no_overlap(("genes of the list", &list.names), ("genes of the gene sets", &annotated)))
        }
        _ => Ok(()),
    }
}

pub(crate) fn no_overlap(left: (&'static str, &[&str]), right: (&'static str, &[&str])) -> EnrichError {
    let capitals: HashSet<String> = right.1.iter().map(|name| name.to_uppercase()).collect();
    EnrichError::NoOverlap(Box::new(NoOverlap {
        n_ignoring_case: left.1.iter().filter(|name| capitals.contains(&name.to_uppercase())).count(),
        left: Identifiers::new(left.0, left.1.iter().copied()),
        right: Identifiers::new(right.0, right.1.iter().copied()),
    }))
}

/// Fills in the adjusted p-values and sorts.
fn corrected(mut terms: Vec<EnrichedTerm>, compatibility: Compatibility) -> Vec<EnrichedTerm> {
    let p_values: Vec<f64> = terms.iter().map(|term| term.p_value).collect();
    for (term, adjusted) in terms.iter_mut().zip(benjamini_hochberg(&p_values)) {
        term.adjusted_p_value = adjusted;
    }
    terms.sort_by(|a, b| match compatibility {
        Compatibility::None => a.p_value.total_cmp(&b.p_value).then_with(|| a.term.cmp(&b.term)),
        Compatibility::Gseapy => a.term.cmp(&b.term),
    });
    terms
}
