//! Small made-up data against numbers that gseapy printed (`golden/make.py` wrote the file).

use std::error::Error;

use concord_enrich::{
    Background, Compatibility, GeneSet, OraConfig, PrerankConfig, PrerankTable, over_representation, prerank,
};
use serde_json::Value;

use crate::TestResult;
use crate::common::{GoldenRank, GoldenTerm, Noise, assert_same_scores, assert_same_terms};

struct Golden {
    json: Value,
    list: Vec<String>,
    ranking: Vec<(String, f64)>,
    sets: Vec<GeneSet>,
}

impl Golden {
    fn read() -> Result<Self, Box<dyn Error>> {
        let json: Value = serde_json::from_str(include_str!("../golden/gseapy.json"))?;
        let set = |(name, genes): (&String, &Value)| -> Result<GeneSet, Box<dyn Error>> {
            let genes = serde_json::from_value(genes.clone())?;
            Ok(GeneSet { name: name.clone(), description: String::new(), genes })
        };
        Ok(Self {
            list: serde_json::from_value(json["list"].clone())?,
            ranking: serde_json::from_value(json["ranking"].clone())?,
            sets: json["sets"].as_object().ok_or("no sets")?.iter().map(set).collect::<Result<_, _>>()?,
            json,
        })
    }

    fn enrich(&self, background: &str) -> Result<Vec<GoldenTerm>, Box<dyn Error>> {
        type Row = (String, String, f64, f64, f64, f64, Vec<String>);
        let rows: Vec<Row> = serde_json::from_value(self.json["enrich"][background].clone())?;
        let term = |(term, overlap, p_value, adjusted, odds_ratio, combined, genes): Row| GoldenTerm {
            term,
            overlap,
            numbers: [p_value, adjusted, odds_ratio, combined],
            genes,
        };
        Ok(rows.into_iter().map(term).collect())
    }

    fn prerank(&self, weight: &str) -> Result<Vec<GoldenRank>, Box<dyn Error>> {
        type Row = (String, f64, f64, f64, f64, f64, String, String, String);
        let rows: Vec<Row> = serde_json::from_value(self.json["prerank"][weight].clone())?;
        let term = |row: Row| GoldenRank {
            term: row.0,
            score: row.1,
            normalized_score: row.2,
            p_value: row.3,
            false_discovery_rate: row.4,
            family_wise_error_rate: row.5,
            tag: row.6,
            gene: row.7,
            leading_edge: row.8,
        };
        Ok(rows.into_iter().map(term).collect())
    }

    fn run(&self, weight: f64, n_permutations: usize, seed: u64) -> Result<PrerankTable, Box<dyn Error>> {
        let config = PrerankConfig {
            n_permutations,
            min_size: 5,
            max_size: 50,
            weight,
            seed,
            compatibility: Compatibility::Gseapy,
        };
        Ok(prerank(&self.ranking, &self.sets, &config, &mut |_, _| ())?)
    }
}

#[test]
fn over_representation_equals_gseapy() -> TestResult {
    let golden = Golden::read()?;
    let genes = golden.ranking.iter().map(|(gene, _)| gene.clone()).collect();
    for (name, background) in [
        ("genes", Background::Genes(genes)),
        ("number", Background::Number(20_000)),
        ("gene-sets", Background::GeneSets),
    ] {
        let config = OraConfig { background, compatibility: Compatibility::Gseapy, ..OraConfig::default() };
        let table = over_representation(&golden.list, &golden.sets, &config)?;
        let expected = golden.enrich(name)?;
        assert!(expected.len() > 30, "the golden table has rows");
        assert_same_terms(&table.terms, &expected);
    }
    Ok(())
}

#[test]
fn by_default_sets_without_overlap_count_and_only_adjusted_p_values_change() -> TestResult {
    let golden = Golden::read()?;
    let genes = golden.ranking.iter().map(|(gene, _)| gene.clone()).collect();
    let mut config = OraConfig { background: Background::Genes(genes), min_size: 1, ..OraConfig::default() };
    let all = over_representation(&golden.list, &golden.sets, &config)?;
    config.compatibility = Compatibility::Gseapy;
    let gseapy = over_representation(&golden.list, &golden.sets, &config)?;
    assert!(all.terms.len() > gseapy.terms.len(), "{} and {}", all.terms.len(), gseapy.terms.len());
    for term in &gseapy.terms {
        let same = all.terms.iter().find(|other| other.term == term.term).ok_or("a term is missing")?;
        assert_eq!((same.p_value.to_bits(), &same.genes), (term.p_value.to_bits(), &term.genes));
        assert!(same.adjusted_p_value >= term.adjusted_p_value, "{}", term.term);
    }
    // "nothing in common" has no gene in the background: not even by default it is a test.
    assert_eq!(all.terms.len() + all.n_not_tested, golden.sets.len());
    assert_eq!(all.n_not_tested, 1);
    Ok(())
}

#[test]
fn prerank_equals_gseapy_within_the_noise_of_permutations() -> TestResult {
    let golden = Golden::read()?;
    let n_permutations = golden.json["n_permutations"].as_u64().ok_or("no n_permutations")? as usize;
    for weight in [1.0, 0.0, 1.5] {
        let expected = golden.prerank(&format!("{weight:?}"))?;
        let ours = golden.run(weight, n_permutations, 5)?;
        let places = assert_same_scores(&ours.terms, &expected, 1e-12);
        let mut p_noise = Noise::default();
        for (theirs, &place) in expected.iter().zip(&places) {
            let ours = &ours.terms[place];
            // Half of the permutations, roughly, have a score of the same sign: a binomial estimate from that many. The
            // mean of these scores, which the NES is divided by, has an error of at most half a score over its root.
            let n = n_permutations as f64 / 2.0;
            let error = |p: f64| ((p * (1.0 - p)).max(1.0 / n) / n).sqrt();
            let p_values = [ours.p_value, theirs.p_value];
            p_noise.add(&format!("p of {}", ours.term), p_values, p_values.map(error));
            let ratio = ours.normalized_score / theirs.normalized_score;
            assert!((ratio - 1.0).abs() < 4.5 * 0.5 * (2.0 / n).sqrt(), "{}: NES ratio {ratio}", ours.term);
            let rates = [ours.false_discovery_rate, theirs.false_discovery_rate];
            assert!((rates[0] - rates[1]).abs() < 0.02, "{}: FDR {rates:?}", ours.term);
            let rates = [ours.family_wise_error_rate, theirs.family_wise_error_rate];
            assert!((rates[0] - rates[1]).abs() < 4.5 * (0.5 / n_permutations as f64).sqrt(), "FWER {rates:?}");
        }
        let spread = p_noise.root_mean_square();
        assert!((0.4..1.5).contains(&spread), "p-values differ by {spread} standard errors on average");
    }
    Ok(())
}
