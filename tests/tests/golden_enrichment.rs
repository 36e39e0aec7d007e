//! Over-representation with the genes of a matrix as background, against the table that gseapy printed
//! (`shared/golden/ora_background_matrix_genes.csv.gz`). `concord-enrich` itself tests the other tables.

use std::error::Error;
use std::fs::File;

use concord_enrich::{Background, Compatibility, EnrichedTerm, OraConfig, over_representation, parse_gmt};
use concord_io::{ReadOptions, read_h5ad};
use concord_tests::shared;
use flate2::read::GzDecoder;

#[test]
fn the_genes_of_a_matrix_as_background_give_the_table_of_gseapy() -> Result<(), Box<dyn Error>> {
    let Some(shared) = shared("enrichment against the genes of a matrix") else { return Ok(()) };
    let gmt = parse_gmt(&std::fs::read_to_string(shared.join("data/GO_Biological_Process_2021.gmt"))?)?;
    let list = std::fs::read_to_string(shared.join("golden/ora_genes.txt"))?;
    let list: Vec<&str> = list.lines().collect();
    let matrix_genes = read_h5ad(shared.join("data/pbmc3k_counts.h5ad"), &ReadOptions::default())?.genes;
    let config = OraConfig {
        background: Background::Genes(matrix_genes.names().to_vec()),
        compatibility: Compatibility::Gseapy,
        ..OraConfig::default()
    };
    let table = over_representation(&list, &gmt.sets, &config)?;
    assert_eq!(table.n_background, 13_714);

    let golden = File::open(shared.join("golden/ora_background_matrix_genes.csv.gz"))?;
    let mut reader = csv::Reader::from_reader(GzDecoder::new(golden));
    let golden: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    assert_eq!((table.terms.len(), golden.len()), (892, 892));
    for (term, row) in table.terms.iter().zip(&golden) {
        check(term, row)?;
    }
    Ok(())
}

/// Columns of a row: gene set library, term, overlap, four numbers, genes.
#[track_caller]
fn check(term: &EnrichedTerm, row: &csv::StringRecord) -> Result<(), Box<dyn Error>> {
    let overlap = format!("{}/{}", term.genes.len(), term.set_size);
    assert_eq!((&*term.term, &*overlap), (&row[1], &row[2]));
    let mut genes: Vec<&str> = row[7].split(';').collect();
    let mut found: Vec<&str> = term.genes.iter().map(String::as_str).collect();
    genes.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, genes, "{}", term.term);
    let numbers = [term.p_value, term.adjusted_p_value, term.odds_ratio, term.combined_score];
    for (number, text) in numbers.into_iter().zip(row.iter().skip(3)) {
        let expected: f64 = text.parse()?;
        assert!((number - expected).abs() <= 1e-12 * expected.abs(), "{}: {number}, expected {expected}", term.term);
    }
    Ok(())
}
