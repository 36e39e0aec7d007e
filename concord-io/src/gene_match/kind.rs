use std::fmt;

/// What a name of a gene looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GeneNameKind {
    /// What is none of the others: `CD3E`, `Cd3e`, `AC012345.1`.
    Symbol,
    /// A stable id of Ensembl, of any species, without a version: `ENSG00000198851`, `ENSMUSG00000032093`.
    EnsemblId,
    /// The same with a version: `ENSG00000198851.11`.
    EnsemblIdWithVersion,
    /// An id of the database of flies: `FBgn0000008`.
    FlyBaseId,
    /// An id of the database of worms: `WBGene00000001`.
    WormBaseId,
    /// A number: an id of NCBI's, or what is left when the names of the genes were lost.
    Number,
}

impl GeneNameKind {
    /// The kind of one name.
    ///
    /// ```
    /// use concord_io::GeneNameKind;
    /// assert_eq!(GeneNameKind::of("CD3E"), GeneNameKind::Symbol);
    /// assert_eq!(GeneNameKind::of("ENSMUSG00000032093"), GeneNameKind::EnsemblId);
    /// ```
    pub fn of(name: &str) -> Self {
        let is_numbered = |prefix: &str, n_digits: usize| {
            name.strip_prefix(prefix).is_some_and(|rest| rest.len() == n_digits && are_digits(rest))
        };
        match StableId::of(name) {
            Some(_) if name.contains('.') => Self::EnsemblIdWithVersion,
            Some(_) => Self::EnsemblId,
            None if is_numbered("FBgn", 7) => Self::FlyBaseId,
            None if is_numbered("WBGene", 8) => Self::WormBaseId,
            None if are_digits(name) => Self::Number,
            None => Self::Symbol,
        }
    }

    /// Whether names of these kinds could be the same: a version tells no two genes apart.
    pub fn is_like(self, other: Self) -> bool {
        let without_version = |kind| if kind == Self::EnsemblIdWithVersion { Self::EnsemblId } else { kind };
        without_version(self) == without_version(other)
    }
}

/// In the plural, as messages have it: `gene symbols`.
impl fmt::Display for GeneNameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Symbol => "gene symbols",
            Self::EnsemblId => "Ensembl ids",
            Self::EnsemblIdWithVersion => "Ensembl ids with versions",
            Self::FlyBaseId => "FlyBase ids",
            Self::WormBaseId => "WormBase ids",
            Self::Number => "plain numbers",
        })
    }
}

/// How many names of each kind are in a list, the most frequent kind first. Shown as one kind, or as a mixture with numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneNameKinds(Vec<(GeneNameKind, usize)>);

impl GeneNameKinds {
    /// Counts the kinds of names.
    ///
    /// ```
    /// use concord_io::GeneNameKinds;
    /// assert_eq!(GeneNameKinds::of(["CD3E", "LYZ"]).to_string(), "gene symbols");
    /// let mixture = GeneNameKinds::of(["CD3E", "ENSG00000286448", "LYZ"]);
    /// assert_eq!(mixture.to_string(), "2 gene symbols and 1 Ensembl ids");
    /// ```
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut counts: Vec<(GeneNameKind, usize)> = Vec::new();
        for kind in names.into_iter().map(GeneNameKind::of) {
            match counts.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, n_names)) => *n_names += 1,
                None => counts.push((kind, 1)),
            }
        }
        counts.sort_by_key(|&(kind, n_names)| (std::cmp::Reverse(n_names), kind));
        Self(counts)
    }

    /// Kinds and how many names are of each, the most frequent first.
    pub fn counts(&self) -> &[(GeneNameKind, usize)] {
        &self.0
    }

    /// The most frequent kind; none of an empty list.
    pub fn most_frequent(&self) -> Option<GeneNameKind> {
        self.0.first().map(|&(kind, _)| kind)
    }
}

impl fmt::Display for GeneNameKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("no names"),
            [(kind, _)] => kind.fmt(f),
            mixture => {
                let parts: Vec<String> = mixture.iter().map(|(kind, n_names)| format!("{n_names} {kind}")).collect();
                f.write_str(&parts.join(" and "))
            }
        }
    }
}

/// What stays of an Ensembl id when its version changes.
///
/// GENCODE calls the copies of genes on the Y chromosome `ENSG00000182378.15_PAR_Y`: these are genes of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct StableId<'a> {
    id: &'a str,
    is_on_y: bool,
}

impl<'a> StableId<'a> {
    /// Reads `ENS`, letters that end with `G`, eleven digits, and perhaps a version.
    pub(super) fn of(name: &'a str) -> Option<Self> {
        const N_DIGITS: usize = 11;
        let (rest, is_on_y) = name.strip_suffix("_PAR_Y").map_or((name, false), |rest| (rest, true));
        let (id, version) = rest.split_once('.').map_or((rest, None), |(id, version)| (id, Some(version)));
        let (species, digits) = id.strip_prefix("ENS")?.split_at_checked(id.len().checked_sub(3 + N_DIGITS)?)?;
        let is_id =
            species.ends_with('G') && species.bytes().all(|byte| byte.is_ascii_uppercase()) && are_digits(digits);
        (is_id && version.is_none_or(are_digits)).then_some(Self { id, is_on_y })
    }
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_form_of_a_name() {
        let check = |kind: GeneNameKind, names: &[&str]| {
            for name in names {
                assert_eq!(GeneNameKind::of(name), kind, "{name}");
            }
        };
        check(GeneNameKind::EnsemblId, &["ENSG00000198851", "ENSMUSG00000032093", "ENSG00000182378_PAR_Y"]);
        check(GeneNameKind::EnsemblIdWithVersion, &["ENSG00000198851.11", "ENSG00000182378.15_PAR_Y"]);
        check(GeneNameKind::FlyBaseId, &["FBgn0000008"]);
        check(GeneNameKind::WormBaseId, &["WBGene00000001"]);
        check(GeneNameKind::Number, &["0", "7157"]);
        // Transcripts, ids that are too short or too long, and symbols that look a little like something else.
        let ids = ["ENST00000361763", "ENSG0000019885", "ENSG000001988511", "ENSG00000198851.", "ENSG00000198851.x"];
        check(GeneNameKind::Symbol, &ids);
        let others = ["", "CD3E", "AC012345.1", "ENSA", "ENS\u{e9}", "FBgn1", "\u{663}", "ensg00000198851", "-1"];
        check(GeneNameKind::Symbol, &others);
    }

    #[test]
    fn a_version_is_no_part_of_a_gene_and_a_copy_on_y_is_a_gene_of_its_own() {
        assert_eq!(StableId::of("ENSG00000182378.15"), StableId::of("ENSG00000182378"));
        assert_ne!(StableId::of("ENSG00000182378.15_PAR_Y"), StableId::of("ENSG00000182378.15"));
        assert_eq!(StableId::of("ENSG00000182378.15_PAR_Y"), StableId::of("ENSG00000182378.14_PAR_Y"));
        assert_eq!(StableId::of("CD3E.1"), None);
        assert!(GeneNameKind::EnsemblId.is_like(GeneNameKind::EnsemblIdWithVersion));
        assert!(!GeneNameKind::EnsemblId.is_like(GeneNameKind::Symbol));
    }

    #[test]
    fn mixtures_say_so() {
        assert_eq!(GeneNameKinds::of(["1", "2"]).to_string(), "plain numbers");
        let mixture = GeneNameKinds::of(["ENSG00000198851", "LYZ", "CD3E", "ENSG00000198851.1"]);
        assert_eq!(mixture.to_string(), "2 gene symbols and 1 Ensembl ids and 1 Ensembl ids with versions");
        assert_eq!(mixture.most_frequent(), Some(GeneNameKind::Symbol));
        assert_eq!(
            (GeneNameKinds::default().to_string(), GeneNameKinds::of([]).most_frequent()),
            ("no names".into(), None)
        );
    }
}
