//! Real data and GO terms against the tables that gseapy printed (`shared/golden`).

use std::error::Error;
use std::path::Path;

use concord_enrich::{Background, Compatibility, OraConfig, PrerankConfig, PrerankTable, over_representation, prerank};

use crate::TestResult;
use crate::common::{
    GoldenRank, GoldenTerm, Noise, assert_same_scores, assert_same_terms, go_terms, lines, rows, shared,
};

#[test]
fn over_representation_equals_gseapy_on_go_terms() -> TestResult {
    let Some(shared) = shared("over-representation of GO terms") else { return Ok(()) };
    let genes = lines(&shared.join("golden/ora_genes.txt"))?;
    let config = OraConfig {
        background: Background::Number(20_000),
        compatibility: Compatibility::Gseapy,
        ..OraConfig::default()
    };
    let table = over_representation(&genes, &go_terms(&shared)?.sets, &config)?;
    let golden: Vec<GoldenTerm> = rows(&shared.join("golden/ora_background_20000.csv.gz"))?
        .iter()
        .map(|row| term(row))
        .collect::<Result<_, _>>()?;
    assert_eq!(golden.len(), 892);
    assert_same_terms(&table.terms, &golden);
    Ok(())
}

fn term(row: &[String]) -> Result<GoldenTerm, Box<dyn Error>> {
    let mut genes: Vec<String> = row[7].split(';').map(str::to_owned).collect();
    genes.sort_unstable();
    let numbers = [row[3].parse()?, row[4].parse()?, row[5].parse()?, row[6].parse()?];
    Ok(GoldenTerm { term: row[1].clone(), overlap: row[2].clone(), numbers, genes })
}

fn ranking(shared: &Path) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let parse = |line: String| -> Result<(String, f64), Box<dyn Error>> {
        let (gene, score) = line.split_once('\t').ok_or("a line without a tab")?;
        Ok((gene.to_owned(), score.parse()?))
    };
    lines(&shared.join("golden/prerank_input.rnk"))?.into_iter().map(parse).collect()
}

fn golden_ranks(shared: &Path) -> Result<Vec<GoldenRank>, Box<dyn Error>> {
    let parse = |row: &Vec<String>| -> Result<GoldenRank, Box<dyn Error>> {
        Ok(GoldenRank {
            term: row[1].clone(),
            score: row[2].parse()?,
            normalized_score: row[3].parse()?,
            p_value: row[4].parse()?,
            false_discovery_rate: row[5].parse()?,
            family_wise_error_rate: row[6].parse()?,
            tag: row[7].clone(),
            gene: row[8].clone(),
            leading_edge: row[9].clone(),
        })
    };
    rows(&shared.join("golden/prerank_gseapy_1000perm.csv.gz"))?.iter().map(parse).collect()
}

fn run(shared: &Path, n_permutations: usize) -> Result<PrerankTable, Box<dyn Error>> {
    let config = PrerankConfig {
        n_permutations,
        min_size: 10,
        max_size: 1_000,
        compatibility: Compatibility::Gseapy,
        ..PrerankConfig::default()
    };
    Ok(prerank(&ranking(shared)?, &go_terms(shared)?.sets, &config, &mut |_, _| ())?)
}

/// Of both estimates of a p-value the error is that of a fraction of the permutations with a score of the same sign; of
/// a NES it is that of the mean of these scores. The largest allowed difference is 4.5 standard errors, for each set.
#[test]
fn prerank_equals_gseapy_on_go_terms() -> TestResult {
    const N_PERMUTATIONS: f64 = 1_000.0;
    let Some(shared) = shared("pre-ranked GO terms") else { return Ok(()) };
    let golden = golden_ranks(&shared)?;
    assert_eq!(golden.len(), 584);
    let table = run(&shared, N_PERMUTATIONS as usize)?;
    // The scores in the file have 8 decimals, those that gseapy was given had more.
    let places = assert_same_scores(&table.terms, &golden, 1e-6);
    let (mut p_noise, mut nes_noise) = (Noise::default(), Noise::default());
    for (theirs, &place) in golden.iter().zip(&places) {
        let ours = &table.terms[place];
        // About half of the permutations have a score of either sign.
        let n = N_PERMUTATIONS / 2.0;
        let pooled = f64::midpoint(ours.p_value, theirs.p_value).clamp(1.0 / n, 1.0 - 1.0 / n);
        let error = (pooled * (1.0 - pooled) / n).sqrt();
        p_noise.add(&format!("p of {}", ours.term), [ours.p_value, theirs.p_value], [error; 2]);
        // The scores of one sign spread by 0.29 of their mean in sets of 10 genes, by 0.16 in sets of 125 (measured).
        let error = 0.29 * ours.normalized_score.abs() / n.sqrt();
        let scores = [ours.normalized_score, theirs.normalized_score];
        nes_noise.add(&format!("NES of {}", ours.term), scores, [error; 2]);
    }
    for is_positive in [true, false] {
        let ours = table.terms.iter().map(|t| (t.normalized_score, t.false_discovery_rate, t.family_wise_error_rate));
        let theirs = golden.iter().map(|t| (t.normalized_score, t.false_discovery_rate, t.family_wise_error_rate));
        assert_same_rates(&side(ours, is_positive), &side(theirs, is_positive), N_PERMUTATIONS);
    }
    for (what, noise) in [("p-values", p_noise), ("NES", nes_noise)] {
        let spread = noise.root_mean_square();
        assert!((0.5..1.3).contains(&spread), "{what} differ by {spread} standard errors on average");
    }
    Ok(())
}

/// Magnitude of the NES, part of all random NES that are as large, part of permutations with any that is.
type Rates = (f64, f64, f64);

/// The terms of one sign, from the largest NES. A false discovery rate is the part of random NES that are as large over
/// the part of observed ones, so the former comes out of it, but for rates that were cut off at 1.
fn side(terms: impl Iterator<Item = Rates>, is_positive: bool) -> Vec<Rates> {
    let mut side: Vec<Rates> = terms.filter(|(nes, _, _)| (*nes >= 0.0) == is_positive).collect();
    side.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let n = side.len() as f64;
    let of_all = |i: usize, fdr: f64| if fdr < 1.0 { fdr * (i + 1) as f64 / n } else { f64::NAN };
    side.iter().enumerate().map(|(i, &(nes, fdr, fwer))| (nes.abs(), of_all(i, fdr), fwer)).collect()
}

/// Both rates are functions of the NES, so they are compared at the same NES: gseapy's are between those of our terms
/// with the next larger and the next smaller one, up to the error of a fraction of the permutations with a score of the
/// same sign. Compared term by term, the noise of the NES would be most of the difference.
#[track_caller]
fn assert_same_rates(ours: &[Rates], theirs: &[Rates], n_permutations: f64) {
    assert!(ours.len() > 50 && theirs.len() > 50, "{} and {} terms", ours.len(), theirs.len());
    let check = |what: &str, magnitude: f64, between: [f64; 2], rate: f64| {
        let error = |rate: f64| 4.5 * (rate * (1.0 - rate)).max(0.01).sqrt() * (2.0 / (n_permutations / 2.0)).sqrt();
        let (low, high) = (between[0].min(between[1]), between[0].max(between[1]));
        if rate.is_nan() || between.iter().any(|rate| rate.is_nan()) {
            return;
        }
        let allowed = low - error(low)..=high + error(high);
        assert!(allowed.contains(&rate), "{what} at NES {magnitude}: {rate}, ours nearby {between:?}");
    };
    for &(magnitude, of_all, of_maxima) in theirs {
        let place = ours.partition_point(|&(ours, _, _)| ours > magnitude);
        let nearby = [ours[place.saturating_sub(1)], ours[place.min(ours.len() - 1)]];
        check("part of random NES", magnitude, nearby.map(|rates| rates.1), of_all);
        check("part of permutations", magnitude, nearby.map(|rates| rates.2), of_maxima);
    }
}
