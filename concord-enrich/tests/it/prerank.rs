//! Properties of the pre-ranked analysis.

use concord_enrich::{Compatibility, EnrichError, GeneSet, PrerankConfig, PrerankTable, prerank};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::TestResult;
use crate::common::set;

const N_GENES: usize = 500;

fn ranking(seed: u64) -> Vec<(String, f64)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..N_GENES).map(|i| (format!("G{i}"), rng.random::<f64>() - 0.4)).collect()
}

fn random_sets(n_sets: usize, seed: u64) -> Vec<GeneSet> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut names: Vec<String> = (0..N_GENES).map(|i| format!("G{i}")).collect();
    let draw = |i| {
        let size = rng.random_range(15..80);
        let genes = names.partial_shuffle(&mut rng, size).0.to_vec();
        GeneSet { name: format!("set {i}"), description: String::new(), genes }
    };
    (0..n_sets).map(draw).collect()
}

fn run(ranked: &[(String, f64)], sets: &[GeneSet], config: &PrerankConfig) -> Result<PrerankTable, EnrichError> {
    prerank(ranked, sets, config, &mut |_, _| ())
}

#[test]
fn the_number_of_threads_and_the_order_of_the_input_change_nothing() -> TestResult {
    let (ranked, sets) = (ranking(1), random_sets(30, 2));
    let config = PrerankConfig { n_permutations: 130, ..PrerankConfig::default() };
    let with_threads = |n| -> Result<PrerankTable, Box<dyn std::error::Error>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build()?;
        Ok(pool.install(|| run(&ranked, &sets, &config))?)
    };
    let one = with_threads(1)?;
    for n_threads in [2, 3, 8] {
        assert_eq!(with_threads(n_threads)?, one, "{n_threads} threads");
    }
    let mut shuffled = ranked.clone();
    shuffled.reverse();
    assert_eq!(run(&shuffled, &sets, &config)?, one, "the ranking is sorted");
    let other = run(&ranked, &sets, &PrerankConfig { seed: 1, ..config })?;
    assert_ne!(other, one, "another seed, other permutations");
    Ok(())
}

#[test]
fn p_values_of_random_sets_are_uniform() -> TestResult {
    let sets = random_sets(400, 3);
    let mut p_values: Vec<f64> =
        run(&ranking(4), &sets, &PrerankConfig::default())?.terms.iter().map(|term| term.p_value).collect();
    p_values.sort_by(f64::total_cmp);
    let n = p_values.len() as f64;
    let distance = |(i, p): (usize, &f64)| ((i as f64 + 0.5) / n - p).abs();
    let largest = p_values.iter().enumerate().map(distance).fold(0.0, f64::max);
    // One of a thousand uniform samples is further away.
    assert!(largest < 1.95 / n.sqrt(), "distance {largest}");
    Ok(())
}

#[test]
fn rates_are_probabilities_and_never_zero() -> TestResult {
    let mut sets = random_sets(40, 5);
    let mut ranked = ranking(6);
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let top: Vec<&str> = ranked[..30].iter().map(|(gene, _)| gene.as_str()).collect();
    sets.push(set("top", &top));
    let mut config = PrerankConfig::default();
    let table = run(&ranked, &sets, &config)?;
    assert_eq!(table.terms[0].term, "top");
    for term in &table.terms {
        for rate in [term.p_value, term.false_discovery_rate, term.family_wise_error_rate] {
            assert!(rate > 0.0 && rate <= 1.0, "{term:?}");
        }
        assert!(term.p_value <= term.family_wise_error_rate + 0.1, "{term:?}");
    }
    assert!(table.terms[0].p_value < 0.003 && table.terms[0].family_wise_error_rate < 0.003);
    config.compatibility = Compatibility::Gseapy;
    let gseapy = run(&ranked, &sets, &config)?;
    assert!(gseapy.terms[0].p_value.abs() < f64::MIN_POSITIVE, "gseapy's is 0");
    assert_eq!(gseapy.terms[0].leading_edge, top);
    Ok(())
}

#[test]
fn turning_the_ranking_round_turns_the_scores_round() -> TestResult {
    let (ranked, sets) = (ranking(7), random_sets(20, 8));
    let turned: Vec<(String, f64)> = ranked.iter().map(|(gene, score)| (gene.clone(), -score)).collect();
    let config = PrerankConfig { n_permutations: 1, ..PrerankConfig::default() };
    let (up, down) = (run(&ranked, &sets, &config)?, run(&turned, &sets, &config)?);
    for term in &up.terms {
        let other = down.terms.iter().find(|other| other.term == term.term).ok_or("a term is missing")?;
        assert!((term.score + other.score).abs() < 1e-12, "{}: {} and {}", term.term, term.score, other.score);
        assert_eq!(term.leading_edge, other.leading_edge);
    }
    Ok(())
}

#[test]
fn progress_counts_to_the_end() -> TestResult {
    let config = PrerankConfig { n_permutations: 120, ..PrerankConfig::default() };
    let mut seen = Vec::new();
    prerank(&ranking(1), &random_sets(2, 2), &config, &mut |done, total| seen.push((done, total)))?;
    assert_eq!(seen, [(50, 120), (100, 120), (120, 120)]);
    Ok(())
}

#[test]
fn a_ranking_of_zeros_still_has_scores() -> TestResult {
    let ranked: Vec<(String, f64)> = ranking(1).into_iter().map(|(gene, _)| (gene, 0.0)).collect();
    let table = run(&ranked, &random_sets(3, 2), &PrerankConfig::default())?;
    assert!(table.terms.iter().all(|term| term.score.is_finite() && term.normalized_score.is_finite()));
    let half: Vec<(String, f64)> =
        ranking(1).into_iter().map(|(gene, score)| (gene, if score > 0.4 { score } else { 0.0 })).collect();
    let table = run(&half, &random_sets(30, 2), &PrerankConfig::default())?;
    assert!(table.terms.iter().all(|term| term.score.abs() <= 1.0 + 1e-12 && term.normalized_score.is_finite()));
    Ok(())
}
