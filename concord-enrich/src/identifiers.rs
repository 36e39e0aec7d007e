use std::collections::HashSet;
use std::fmt;

/// What kind of name a gene has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdentifierKind {
    /// Like `ENSG00000167286`, with or without a version
    Ensembl,
    /// Numbers of NCBI's gene database, like `915`
    Entrez,
    /// Everything else: symbols like `CD3D`
    Symbol,
}

impl IdentifierKind {
    fn of(name: &str) -> Self {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let stem = name.split_once('.').map_or(name, |(stem, _version)| stem);
        let digits = stem.trim_start_matches(|c: char| c.is_ascii_uppercase());
        if stem.starts_with("ENS") && digits.len() >= 6 && is_number(digits) {
            Self::Ensembl
        } else if is_number(name) {
            Self::Entrez
        } else {
            Self::Symbol
        }
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ensembl => "Ensembl identifiers",
            Self::Entrez => "Entrez numbers",
            Self::Symbol => "gene symbols",
        })
    }
}

/// The names on one side of a comparison that found nothing in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifiers {
    /// Whose names: "genes of the list", for example.
    pub what: &'static str,
    /// How many there are.
    pub n: usize,
    /// The kind of most of the first ones.
    pub kind: IdentifierKind,
    /// The first few.
    pub examples: Vec<String>,
}

/// Names looked at to tell their kind.
const N_LOOKED_AT: usize = 100;
/// Names shown.
const N_SHOWN: usize = 4;

impl Identifiers {
    pub(crate) fn new<'a>(what: &'static str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut seen = HashSet::new();
        let different: Vec<&str> = names.into_iter().filter(|name| seen.insert(*name)).collect();
        let first = &different[..different.len().min(N_LOOKED_AT)];
        let count = |kind| first.iter().filter(|name| IdentifierKind::of(name) == kind).count();
        let kinds = [IdentifierKind::Symbol, IdentifierKind::Entrez, IdentifierKind::Ensembl];
        let kind = kinds.into_iter().max_by_key(|&kind| count(kind)).unwrap_or(IdentifierKind::Symbol);
        let examples = first.iter().take(N_SHOWN).map(|&name| name.to_owned()).collect();
        Self { what, n: different.len(), kind, examples }
    }
}

impl fmt::Display for Identifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = if self.n > self.examples.len() { ", ..." } else { "" };
        write!(f, "{} {} ({}{dots}: {})", self.n, self.what, self.examples.join(", "), self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        let check = |name, kind| assert_eq!(IdentifierKind::of(name), kind, "{name}");
        check("ENSG00000167286", IdentifierKind::Ensembl);
        check("ENSMUSG00000032094.12", IdentifierKind::Ensembl);
        check("915", IdentifierKind::Entrez);
        for symbol in ["CD3D", "ENSA", "RP11-598F7.3", "C6orf25", "", "ENSG1"] {
            check(symbol, IdentifierKind::Symbol);
        }
    }

    #[test]
    fn all_different_names_are_counted_and_few_are_shown() {
        let names: Vec<String> = (0..300).map(|i| format!("{}", i % 250)).collect();
        let identifiers = Identifiers::new("genes", names.iter().map(String::as_str));
        assert_eq!(identifiers.to_string(), "250 genes (0, 1, 2, 3, ...: Entrez numbers)");
    }
}
