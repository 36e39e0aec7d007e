//! The genes of a model in the data that it meets: found by whatever identifies them, and never without saying how.

mod why_not;

use anyhow::Context;
use concord_core::{Csr, Genes, LogNorm, Table, select_columns};
use concord_io::{GeneMatching, MatchOutcome, match_genes};
use serde_json::{Value, json};

use crate::{error::CliError, outputs::Outputs, terminal::Terminal};

/// The table of how each gene was found, in a folder of results.
pub(crate) const TABLE: &str = "gene_matching.csv";

/// Whose genes are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Model,
    /// Those that a user listed.
    List,
}

impl Whose {
    /// Before "genes".
    fn genes(self) -> &'static str {
        match self {
            Self::Model => "the model's",
            Self::List => "the listed",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Model => "the model",
            Self::List => "the list",
        }
    }
}

/// What to do about genes of a model that are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Refuse the data.
    Refuse,
    /// Take them for genes without expression.
    Fill,
}

/// The genes of a model, found.
pub(crate) struct FoundGenes {
    /// The places in the matrix of those that are there: of all, unless missing ones are filled.
    pub(crate) positions: Vec<usize>,
    /// Which of the model's genes these are, ascending.
    pub(crate) features: Vec<usize>,
    matching: GeneMatching,
    /// The names of all in the matrix; empty for missing ones.
    names: Vec<String>,
}

/// Finds the genes of a model or a list, and says so when they go by other names; missing ones are an error that lists them, or
/// left out. `table` is what messages call the table of how each was found.
pub(crate) fn find(
    (whose, features): (Whose, &[String]),
    genes: &Genes,
    var: &Table,
    missing: Missing,
    table: &str,
    terminal: &Terminal,
) -> Result<FoundGenes, CliError> {
    let matching = match_genes(features, genes, var)?;
    let places: Vec<Option<usize>> = matching.features.iter().map(|found| place(&found.outcome)).collect();
    let n_missing = matching.missing().len();
    let n_unclear = places.iter().filter(|place| place.is_none()).count() - n_missing;
    if n_unclear > 0 || (n_missing > 0 && missing == Missing::Refuse) || n_missing == places.len() {
        return Err(CliError::usage(why_not::why_not(&matching, whose, genes, missing)));
    }
    tell(&matching, whose, table, terminal);
    let names = places.iter().map(|place| place.map_or_else(String::new, |place| genes.names()[place].clone()));
    let (features, positions) =
        places.iter().enumerate().filter_map(|(feature, place)| place.map(|place| (feature, place))).unzip();
    Ok(FoundGenes { positions, features, names: names.collect(), matching })
}

fn place(outcome: &MatchOutcome) -> Option<usize> {
    match outcome {
        MatchOutcome::Found { place, .. } => Some(*place),
        _ => None,
    }
}

impl FoundGenes {
    /// The genes of the model that are not there.
    pub(crate) fn missing(&self) -> Vec<&str> {
        self.matching.missing()
    }

    /// The genes of the model in its order, `[n_cells, n_features]`; missing ones have no expression.
    pub(crate) fn select(&self, expression: &LogNorm) -> Result<LogNorm, CliError> {
        let n_features = self.matching.features.len();
        if self.features.len() == n_features {
            return Ok(expression.select_genes(&self.positions));
        }
        let (indptr, mut indices, values) = select_columns(expression.matrix(), &self.positions).into_raw_storage();
        for index in &mut indices {
            // Those that are there keep their order, so that the columns of a row stay in order.
            *index = self.features[*index as usize] as u32;
        }
        Ok(LogNorm::from_logged(Csr::new((expression.n_cells(), n_features), indptr, indices, values))?)
    }

    /// Writes how each gene was found, unless all were found by their exact names.
    pub(crate) fn write(&self, outputs: &Outputs) -> anyhow::Result<()> {
        if self.matching.is_by_exact_names() { Ok(()) } else { outputs.write(TABLE, self.table()?) }
    }

    /// How each gene was found, as CSV.
    pub(crate) fn table(&self) -> anyhow::Result<Vec<u8>> {
        let failed = "cannot write how genes were found";
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["feature", "gene", "place", "how", "contradicted_by"]).context(failed)?;
        for (found, name) in self.matching.features.iter().zip(&self.names) {
            let (place, way, contradicted_by) = match &found.outcome {
                MatchOutcome::Found { place, way, contradicted_by } => {
                    (place.to_string(), way.to_string(), contradicted_by.as_deref())
                }
                // Those that are neither found nor missing are refused.
                _ => (String::new(), "missing".to_owned(), None),
            };
            let row = [&found.feature, name, &place, &way, contradicted_by.unwrap_or_default()];
            writer.write_record(row).context(failed)?;
        }
        writer.into_inner().map_err(csv::IntoInnerError::into_error).context(failed)
    }

    /// How many genes were found in each way, for the record.
    pub(crate) fn record(&self) -> Value {
        self.matching.n_by_way().into_iter().map(|(way, n_genes)| (way.to_string(), json!(n_genes))).collect()
    }
}

/// Says how genes were found that were not found by their exact names; other identifiers are a warning.
fn tell(matching: &GeneMatching, whose: Whose, table: &str, terminal: &Terminal) {
    let ways = matching.n_by_way();
    if ways.keys().all(|way| way.is_exact_name()) {
        return;
    }
    let counts: Vec<String> = ways.iter().map(|(way, n_genes)| format!("{n_genes} by {way}")).collect();
    let n_contradicted = matching.n_contradicted();
    let contradicted = match n_contradicted {
        0 => String::new(),
        n_genes => format!("; {n_genes} are other genes by another column of var"),
    };
    let how = format!("{}{contradicted}; {table} lists them", counts.join(", "));
    let whose = whose.genes();
    if n_contradicted > 0 || ways.keys().any(|way| way.column.is_some()) {
        terminal.warning(&format!("{whose} genes go by other identifiers in this file; they were found {how}"));
    } else {
        terminal.line(&format!("{whose} genes were found {how}"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use concord_core::Column;

    use super::*;

    /// The places, and all that was said.
    fn found(features: &[&str], names: &[&str], columns: &[(&str, &[&str])]) -> Result<(FoundGenes, String), String> {
        found_or(Missing::Refuse, features, names, columns)
    }

    fn found_or(
        missing: Missing,
        features: &[&str],
        names: &[&str],
        columns: &[(&str, &[&str])],
    ) -> Result<(FoundGenes, String), String> {
        let mut var = Table::new(names.len());
        for (name, values) in columns {
            let texts = values.iter().map(|value| Some((*value).to_owned())).collect();
            var.insert(*name, Column::Texts(texts)).unwrap();
        }
        let features: Vec<String> = features.iter().map(|&feature| feature.to_owned()).collect();
        let terminal = Terminal::new(true);
        let genes = Genes::new(names.iter().copied());
        let found = find((Whose::Model, &features), &genes, &var, missing, TABLE, &terminal);
        found.map(|found| (found, terminal.log_text().trim().to_owned())).map_err(|error| error.to_string())
    }

    fn refused(features: &[&str], names: &[&str], columns: &[(&str, &[&str])], expected: &[&str]) {
        let message = found(features, names, columns).err().unwrap();
        for text in expected {
            assert!(message.contains(text), "{text:?} is not in: {message}");
        }
    }

    #[test]
    fn genes_are_found_by_name_and_those_of_one_name_by_their_order() {
        let names = ["A", "B", "A", "C"];
        let (genes, said) = found(&["C", "B"], &names, &[]).unwrap();
        assert_eq!((genes.positions, said.as_str()), (vec![3, 1], ""));
        let (genes, said) = found(&["A", "C", "A"], &names, &[]).unwrap();
        assert_eq!(genes.positions, [0, 3, 2]);
        assert_eq!(said, "the model's genes were found 1 by name, 2 by name (by order); gene_matching.csv lists them");
        refused(&["A"], &names, &[], &["gene A stands 2 times in the matrix and 1 times in the model"]);
        refused(&["B", "D", "E"], &names, &[], &["2 of the model's 3 genes are not in the matrix: D, E;"]);
    }

    #[test]
    fn a_list_is_no_model() {
        let features: Vec<String> = ["B", "D"].map(str::to_owned).to_vec();
        let (genes, terminal) = (Genes::new(["A", "B"]), Terminal::new(true));
        let found = find((Whose::List, &features), &genes, &Table::new(2), Missing::Refuse, TABLE, &terminal);
        let said = found.err().unwrap().to_string();
        assert!(said.starts_with("1 of the listed 2 genes are not in the matrix: D;"), "{said}");
        assert!(said.contains("correct the list") && !said.contains("model"), "{said}");
    }

    #[test]
    fn other_identifiers_are_a_warning_and_a_table() {
        let (genes, said) = found(&["ENSG00000000001"], &["ENSG00000000001.2"], &[]).unwrap();
        assert!(said.starts_with("the model's genes were found 1 by name (other version);"), "{said}");
        assert_eq!(genes.record(), json!({"name (other version)": 1}));
        let columns: [(&str, &[&str]); 2] = [("old", &["E", "B", "C"]), ("new", &["B", "A", "D"])];
        let (genes, said) = found(&["y", "D", "B"], &["x", "y", "z"], &columns).unwrap();
        let expected = "warning: the model's genes go by other identifiers in this file; they were found 1 by name, 2 by \
                        column new; 1 are other genes by another column of var; gene_matching.csv lists them";
        assert_eq!(said, expected);
        let table = String::from_utf8(genes.table().unwrap()).unwrap();
        let expected = "feature,gene,place,how,contradicted_by\ny,y,1,name,\nD,z,2,column new,\nB,x,0,column new,old\n";
        assert_eq!(table, expected);
    }

    #[test]
    fn genes_in_another_language_are_not_found() {
        let ids = ["ENSG00000000001", "ENSG00000000002", "ENSG00000000003"];
        let expected = "not in the matrix: A, B; the model has gene symbols, the matrix has Ensembl ids and no column of gene \
                        symbols in var; the nearest to A are: ";
        refused(&["A", "B"], &ids, &[], &[expected, "; put the gene symbols of its genes into a column of var"]);
        let symbols: (&str, &[&str]) = ("feature_name", &["A", "C", "D"]);
        let expected = "not in the matrix: B; the model has gene symbols, the matrix has Ensembl ids and not all of them in \
                        column feature_name of var";
        refused(&["A", "B"], &ids, &[symbols], &[expected]);
        let expected =
            "the model has 2 gene symbols and 1 Ensembl ids, the matrix has gene symbols and no column of Ensembl";
        refused(&["A", "B", ids[0]], &["A", "B"], &[], &[expected]);
        let expected =
            "; 2 of them are there in other upper and lower case (Cd3e for CD3E), which may mean another species";
        refused(&["CD3E", "LYZ", "MS4A1"], &["Cd3e", "Lyz"], &[], &[expected, "--layer or --use-raw"]);
    }

    #[test]
    fn genes_that_could_be_others_are_refused() {
        let symbols: (&str, &[&str]) = ("symbol", &["A", "A", "B"]);
        let expected = ["gene A stands 2 times in column symbol of var and 1 times in the model", "leave one of them"];
        refused(&["B", "A"], &["x", "y", "z"], &[symbols], &expected);
        let versions = ["ENSG00000000001.1", "ENSG00000000001.2"];
        let expected =
            "gene ENSG00000000001 is in the matrix in other versions (ENSG00000000001.1, ENSG00000000001.2), and";
        refused(&["ENSG00000000001"], &versions, &[], &[expected]);
        let expected = "several genes of the model are gene x of the matrix: x by name and A by column new; correct that \
                        column, or take it out of var; so it is with 2 genes in all: x, A";
        refused(&["x", "A"], &["x", "y"], &[("new", &["A", "B"])], &[expected]);
    }

    #[test]
    fn missing_genes_are_filled_on_demand_and_unclear_ones_refused() {
        let (genes, said) = found_or(Missing::Fill, &["D", "A", "E", "B"], &["B", "x", "A"], &[]).unwrap();
        assert_eq!((genes.missing(), said.as_str()), (vec!["D", "E"], ""));
        let data = Csr::new((2, 3), vec![0, 2, 3], vec![0, 2, 1], vec![1.0, 2.0, 3.0]);
        let filled = genes.select(&LogNorm::from_logged(data).unwrap()).unwrap();
        assert_eq!(filled.matrix().to_dense(), ndarray::array![[0.0, 2.0, 0.0, 1.0], [0.0; 4]]);
        let expected = "feature,gene,place,how,contradicted_by\nD,,,missing,\nA,A,2,name,\nE,,,missing,\nB,B,0,name,\n";
        assert_eq!(String::from_utf8(genes.table().unwrap()).unwrap(), expected);
        let refused = |features: &[&str], names: &[&str]| found_or(Missing::Fill, features, names, &[]).err().unwrap();
        let unclear = refused(&["A", "C"], &["A", "A"]);
        assert!(unclear.starts_with("gene A stands 2 times in the matrix"), "{unclear}");
        let none = refused(&["C", "D"], &["A", "B"]);
        assert!(none.starts_with("2 of the model's 2 genes are not in the matrix"), "{none}");
    }
}
