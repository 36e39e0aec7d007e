use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::EnrichError;

/// A named set of genes: a pathway, a GO term.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GeneSet {
    /// Name.
    pub name: String,
    /// Description or address, often empty.
    pub description: String,
    /// Names of the genes.
    pub genes: Vec<String>,
}

/// The gene sets of a GMT file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gmt {
    /// The sets in the order of the file. Each has at least one gene, no gene twice, and a name of its own.
    pub sets: Vec<GeneSet>,
    /// What was put right on the way.
    pub notes: Vec<GmtNote>,
}

/// Something in a GMT file that was put right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GmtNote {
    /// A set without genes was left out.
    EmptySet {
        /// Line, from 1.
        line: usize,
        /// The set.
        name: String,
    },
    /// A set with the name of an earlier one was merged into it.
    MergedSet {
        /// Line, from 1.
        line: usize,
        /// The set.
        name: String,
        /// Genes that the earlier one did not have.
        n_added: usize,
    },
    /// Genes stand in a set more than once.
    RepeatedGenes {
        /// Line, from 1.
        line: usize,
        /// The set.
        name: String,
        /// Repetitions that were left out.
        n_repeated: usize,
    },
}

impl fmt::Display for GmtNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptySet { line, name } => write!(f, "line {line}: \"{name}\" has no genes and was left out"),
            Self::MergedSet { line, name, n_added } => {
                write!(f, "line {line}: \"{name}\" stood there before; merged, genes added: {n_added}")
            }
            Self::RepeatedGenes { line, name, n_repeated } => {
                write!(f, "line {line}: \"{name}\" repeats genes; repetitions left out: {n_repeated}")
            }
        }
    }
}

/// Reads gene sets from the text of a [GMT file][format]: a line is name, tab, description, tab, genes with tabs between.
///
/// What can be put right is, and becomes a note: sets without genes are left out, of a gene that stands in a set twice
/// one is kept, and sets of the same name become one with the genes of all (gseapy silently keeps the last). A weight
/// behind a gene, as Enrichr writes it (`CD3D,1.0`), is dropped. Line ends may be those of Windows.
///
/// [format]: https://software.broadinstitute.org/cancer/software/gsea/wiki/index.php/Data_formats
///
/// # Errors
/// [`EnrichError::Commas`], [`EnrichError::NoTabs`], [`EnrichError::NoName`] or [`EnrichError::NoSets`].
///
/// # Examples
/// ```
/// let gmt = concord_enrich::parse_gmt("T cells\thttps://example.org\tCD3D\tCD3E\nB cells\t\tCD79A\tMS4A1\tCD79A\n")?;
/// assert_eq!(gmt.sets[1].genes, ["CD79A", "MS4A1"]);
/// assert_eq!(gmt.notes[0].to_string(), "line 2: \"B cells\" repeats genes; repetitions left out: 1");
/// # Ok::<(), concord_enrich::EnrichError>(())
/// ```
pub fn parse_gmt(text: &str) -> Result<Gmt, EnrichError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let has_tabs = text.contains('\t');
    let mut gmt = Gmt::default();
    let mut places = HashMap::new();
    for (line, content) in (1..).zip(text.lines()).filter(|(_, content)| !content.trim().is_empty()) {
        check_separators(line, content, has_tabs)?;
        let (set, n_repeated) = parse_line(line, content)?;
        let name = set.name.clone();
        if n_repeated > 0 {
            gmt.notes.push(GmtNote::RepeatedGenes { line, name: name.clone(), n_repeated });
        }
        if set.genes.is_empty() {
            gmt.notes.push(GmtNote::EmptySet { line, name });
        } else if let Some(&place) = places.get(&name) {
            let n_added = merge(&mut gmt.sets[place], set.genes);
            gmt.notes.push(GmtNote::MergedSet { line, name, n_added });
        } else {
            places.insert(name, gmt.sets.len());
            gmt.sets.push(set);
        }
    }
    if gmt.sets.is_empty() {
        let is_empty = |note: &&GmtNote| matches!(note, GmtNote::EmptySet { .. });
        return Err(EnrichError::NoSets { n_empty: gmt.notes.iter().filter(is_empty).count() });
    }
    Ok(gmt)
}

/// A line without a tab may be a set without genes, but not where it looks like a table of another kind.
fn check_separators(line: usize, content: &str, has_tabs: bool) -> Result<(), EnrichError> {
    if content.contains('\t') {
        Ok(())
    } else if content.matches(',').count() >= 2 {
        Err(EnrichError::Commas { line, excerpt: excerpt(content) })
    } else if has_tabs {
        Ok(())
    } else {
        Err(EnrichError::NoTabs { line, excerpt: excerpt(content) })
    }
}

/// A set, and how many repeated genes it had.
fn parse_line(line: usize, content: &str) -> Result<(GeneSet, usize), EnrichError> {
    let mut fields = content.split('\t').map(str::trim);
    let name = fields.next().filter(|name| !name.is_empty()).ok_or(EnrichError::NoName { line })?;
    let description = fields.next().unwrap_or_default();
    let mut seen = HashSet::new();
    let mut genes = Vec::new();
    let mut n_repeated = 0;
    for field in fields.filter(|field| !field.is_empty()) {
        let gene = parse_gene(field).ok_or_else(|| EnrichError::Commas { line, excerpt: excerpt(field) })?;
        if seen.insert(gene) {
            genes.push(gene.to_owned());
        } else {
            n_repeated += 1;
        }
    }
    Ok((GeneSet { name: name.to_owned(), description: description.to_owned(), genes }, n_repeated))
}

/// A gene without its weight, if it has one; nothing when the field is a list of its own.
fn parse_gene(field: &str) -> Option<&str> {
    match field.split_once(',') {
        None => Some(field),
        Some((gene, weight)) => weight.trim().parse::<f64>().is_ok().then_some(gene.trim()),
    }
}

fn merge(set: &mut GeneSet, more: Vec<String>) -> usize {
    let known: HashSet<String> = set.genes.iter().cloned().collect();
    let n_before = set.genes.len();
    set.genes.extend(more.into_iter().filter(|gene| !known.contains(gene)));
    set.genes.len() - n_before
}

/// The beginning of a text, for a message.
fn excerpt(text: &str) -> String {
    const N_CHARACTERS: usize = 40;
    let mut start: String = text.trim().chars().take(N_CHARACTERS).collect();
    if start.len() < text.trim().len() {
        start.push_str("...");
    }
    start
}
