//! The lists of a data set in which genes are looked up: its names, and the columns of `var` that identify genes.

use std::collections::HashMap;

use concord_core::{Column, Table};

use super::{GeneNameKinds, Likeness, MatchWay, kind::StableId};

/// Columns known to hold identifiers, in the order in which they are taken when several serve equally well.
///
/// Names by the readers of scanpy, Seurat's converters and the schema of CZ CELL by GENE.
const KNOWN_COLUMNS: [&str; 12] = [
    "gene_ids",
    "gene_id",
    "ensembl_id",
    "ensembl_ids",
    "ensembl",
    "feature_id",
    "feature_name",
    "gene_symbols",
    "gene_symbol",
    "gene_name",
    "gene_names",
    "symbol",
];

/// The part of the rows of an unknown column that must have a value.
const LEAST_FILLED: f64 = 0.5;
/// The part of these values that must be distinct: identifiers tell genes apart, annotation of genes does not.
const LEAST_DISTINCT: f64 = 0.9;

/// The features of a model, and how often they are wanted.
pub(super) struct Wanted<'a> {
    names: &'a [String],
    n_of_name: HashMap<&'a str, usize>,
    n_of_id: HashMap<StableId<'a>, usize>,
    /// How many features of the same name stand before each.
    n_before: Vec<usize>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(names: &'a [String]) -> Self {
        let mut wanted = Self { names, n_of_name: HashMap::new(), n_of_id: HashMap::new(), n_before: Vec::new() };
        for name in names {
            let n_so_far = wanted.n_of_name.entry(name).or_default();
            wanted.n_before.push(*n_so_far);
            *n_so_far += 1;
            if let Some(id) = StableId::of(name) {
                *wanted.n_of_id.entry(id).or_default() += 1;
            }
        }
        wanted
    }

    fn n_of(&self, name: &str) -> usize {
        self.n_of_name.get(name).copied().unwrap_or(0)
    }
}

/// What a source says about a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Found(usize, Likeness),
    /// These, and it is not known which.
    Several(Vec<usize>, Likeness),
}

/// One list of identifiers, a value for each gene of the data.
pub(super) struct Source<'a> {
    /// The column of `var`; none for the names.
    pub(super) column: Option<&'a str>,
    places: HashMap<&'a str, Vec<usize>>,
    places_of_ids: HashMap<StableId<'a>, Vec<usize>>,
    n_filled: usize,
    n_rows: usize,
}

impl<'a> Source<'a> {
    pub(super) fn of_names(names: &'a [String]) -> Self {
        Self::new(None, names.iter().map(|name| Some(name.as_str())))
    }

    /// The columns of texts that identify genes, known ones first.
    pub(super) fn of_columns(var: &'a Table) -> Vec<Self> {
        let mut sources: Vec<Self> = var.iter().filter_map(|(name, column)| Self::of_column(name, column)).collect();
        sources.sort_by_key(Source::rank);
        sources
    }

    fn of_column(name: &'a str, column: &'a Column) -> Option<Self> {
        // In a column, an empty text is a gene without an identifier.
        let source = match column {
            Column::Texts(texts) => {
                Self::new(Some(name), texts.iter().map(|text| text.as_deref().filter(|text| !text.is_empty())))
            }
            Column::Labels(labels) => {
                let texts = (0..labels.n_cells()).map(|gene| labels.name_of(gene).filter(|text| !text.is_empty()));
                Self::new(Some(name), texts)
            }
            _ => return None,
        };
        source.identifies_genes().then_some(source)
    }

    fn new(column: Option<&'a str>, values: impl Iterator<Item = Option<&'a str>>) -> Self {
        let (mut places, mut places_of_ids) = (HashMap::<_, Vec<usize>>::new(), HashMap::<_, Vec<usize>>::new());
        let (mut n_filled, mut n_rows) = (0, 0);
        for (place, value) in values.enumerate() {
            n_rows += 1;
            let Some(value) = value else { continue };
            n_filled += 1;
            places.entry(value).or_default().push(place);
            if let Some(id) = StableId::of(value) {
                places_of_ids.entry(id).or_default().push(place);
            }
        }
        Self { column, places, places_of_ids, n_filled, n_rows }
    }

    /// Whether the values are names of genes, and not what is known about them: the nearest gene, a ligand's receptor.
    fn identifies_genes(&self) -> bool {
        let (n_filled, n_distinct) = (self.n_filled as f64, self.places.len() as f64);
        let tells_apart = n_filled >= LEAST_FILLED * self.n_rows as f64 && n_distinct >= LEAST_DISTINCT * n_filled;
        self.n_filled > 0 && (self.rank() < KNOWN_COLUMNS.len() || tells_apart)
    }

    /// The place among the known columns; unknown ones come last.
    fn rank(&self) -> usize {
        let is_this = |known: &&str| self.column.is_some_and(|column| column.eq_ignore_ascii_case(known));
        KNOWN_COLUMNS.iter().position(is_this).unwrap_or(KNOWN_COLUMNS.len())
    }

    pub(super) fn way(&self, likeness: Likeness) -> MatchWay {
        MatchWay { column: self.column.map(str::to_owned), likeness }
    }

    pub(super) fn kinds(&self) -> GeneNameKinds {
        let all = self.places.iter().flat_map(|(value, places)| std::iter::repeat_n(*value, places.len()));
        GeneNameKinds::of(all)
    }

    /// All distinct values, in no order.
    pub(super) fn values(&self) -> impl Iterator<Item = &'a str> {
        self.places.keys().copied()
    }

    /// Looks a feature up: as it is, as one of several of a name, as an Ensembl id of another version.
    pub(super) fn answer(&self, wanted: &Wanted<'a>, feature: usize) -> Option<Answer> {
        let name = wanted.names[feature].as_str();
        self.by_name(name, wanted, feature)
            .or_else(|| self.by_number(name, wanted))
            .or_else(|| self.by_id(name, wanted))
    }

    fn by_name(&self, name: &str, wanted: &Wanted<'a>, feature: usize) -> Option<Answer> {
        let places = self.places.get(name)?;
        Some(match (places.as_slice(), wanted.n_of(name)) {
            ([place], 1) => Answer::Found(*place, Likeness::Same),
            (places, n_wanted) if places.len() == n_wanted => {
                Answer::Found(places[wanted.n_before[feature]], Likeness::InOrder)
            }
            (places, _) if self.are_numbered_in(wanted, name) => Answer::Found(places[0], Likeness::InOrder),
            (places, _) => Answer::Several(places.to_vec(), Likeness::Same),
        })
    }

    /// `A-2` is the third `A`, as anndata makes names unique.
    fn by_number(&self, name: &str, wanted: &Wanted<'a>) -> Option<Answer> {
        let (base, number) = name.rsplit_once('-')?;
        let number: usize = number.parse().ok()?;
        let place = self.places.get(base)?.get(number)?;
        let is_numbered = numbered(base, number) == name && self.are_numbered_in(wanted, base);
        is_numbered.then_some(Answer::Found(*place, Likeness::InOrder))
    }

    /// Whether a name that stands several times here is wanted as often under numbers, and is so in no other way.
    fn are_numbered_in(&self, wanted: &Wanted<'a>, base: &str) -> bool {
        let n_places = self.places.get(base).map_or(0, Vec::len);
        let is_wanted_once = |name: &str| wanted.n_of(name) == 1;
        let mut others = (1..n_places).map(|number| numbered(base, number));
        n_places > 1
            && is_wanted_once(base)
            && others.all(|name| is_wanted_once(&name) && !self.places.contains_key(name.as_str()))
            && wanted.n_of(&numbered(base, n_places)) == 0
    }

    fn by_id(&self, name: &'a str, wanted: &Wanted<'a>) -> Option<Answer> {
        let id = StableId::of(name)?;
        let places = self.places_of_ids.get(&id)?;
        let n_wanted = wanted.n_of_id.get(&id).copied().unwrap_or(0);
        Some(match places.as_slice() {
            [place] if n_wanted == 1 => Answer::Found(*place, Likeness::OtherVersion),
            places => Answer::Several(places.to_vec(), Likeness::OtherVersion),
        })
    }
}

/// The name that anndata gives to one of several of a name; the first keeps its own.
fn numbered(base: &str, number: usize) -> String {
    if number == 0 { base.to_owned() } else { format!("{base}-{number}") }
}
