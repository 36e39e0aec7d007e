//! Properties of over-representation.

use concord_enrich::{Background, GeneSet, OraConfig, over_representation};
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::TestResult;
use crate::common::{go_terms, set, shared};

/// The largest distance between the distribution of `p_values` and the uniform one (Kolmogorov and Smirnov).
fn distance_to_uniform(mut p_values: Vec<f64>) -> f64 {
    p_values.sort_by(f64::total_cmp);
    let n = p_values.len() as f64;
    let distance = |(i, p): (usize, &f64)| (i as f64 / n - p).abs().max(((i + 1) as f64 / n - p).abs());
    p_values.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// Gene sets large enough for their p-values, which are discrete, to be nearly continuous.
fn large_sets(names: &[String], rng: &mut Xoshiro256PlusPlus) -> Vec<GeneSet> {
    let mut names = names.to_vec();
    let draw = |i| {
        let size = rng.random_range(1_000..2_000);
        let (genes, _) = names.partial_shuffle(rng, size);
        GeneSet { name: format!("set {i}"), description: String::new(), genes: genes.to_vec() }
    };
    (0..40).map(draw).collect()
}

#[test]
fn random_draws_from_the_background_have_uniform_p_values() -> TestResult {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let mut names: Vec<String> = (0..4_000).map(|i| format!("G{i}")).collect();
    let sets = large_sets(&names, &mut rng);
    let draw = |background: Background, names: &mut [String], rng: &mut _| {
        let config = OraConfig { background, max_size: 4_000, ..OraConfig::default() };
        // One set for each list: p-values of one list in many sets would depend on each other.
        let one = |i: usize| {
            let (list, _) = names.partial_shuffle(rng, 1_000);
            over_representation(list, &sets[i % 40..=i % 40], &config).map(|table| table.terms[0].p_value)
        };
        (0..1_000).map(one).collect::<Result<Vec<f64>, _>>()
    };
    let right = distance_to_uniform(draw(Background::Genes(names.clone()), &mut names, &mut rng)?);
    // 1.95 / sqrt(n): one of a thousand samples is further away. No single overlap is likelier than 0.04.
    let limit = 1.95 / 1_000_f64.sqrt() + 0.04;
    assert!(right < limit, "distance {right}, allowed {limit}");
    // The trap: the same draws against 20,000 genes.
    let wrong = distance_to_uniform(draw(Background::Number(20_000), &mut names, &mut rng)?);
    assert!(wrong > 0.95, "against a background of strangers everything is significant: distance {wrong}");
    Ok(())
}

#[test]
fn random_draws_of_genes_reach_a_level_no_more_often_than_it_says_on_go_terms() -> TestResult {
    let Some(shared) = shared("random lists and GO terms") else { return Ok(()) };
    let sets = go_terms(&shared)?.sets;
    let ranking = std::fs::read_to_string(shared.join("golden/prerank_input.rnk"))?;
    let mut model_genes: Vec<String> =
        ranking.lines().filter_map(|line| line.split('\t').next()).map(Into::into).collect();
    assert_eq!(model_genes.len(), 2_000);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(8);
    let (mut n_tests, mut n_discoveries) = (0, 0);
    let mut n_reached = [0, 0, 0];
    let levels = [0.001, 0.01, 0.05];
    for _ in 0..40 {
        let background = Background::Genes(model_genes.clone());
        let (list, _) = model_genes.partial_shuffle(&mut rng, 100);
        let table = over_representation(list, &sets, &OraConfig { background, ..OraConfig::default() })?;
        n_tests += table.terms.len();
        for (n, level) in n_reached.iter_mut().zip(levels) {
            *n += table.terms.iter().filter(|term| term.p_value <= level).count();
        }
        n_discoveries += usize::from(table.terms.iter().any(|term| term.adjusted_p_value <= 0.05));
    }
    for (n, level) in n_reached.into_iter().zip(levels) {
        let rate = f64::from(u32::try_from(n)?) / n_tests as f64;
        assert!(rate <= 1.1 * level, "{rate} of the p-values are at most {level}");
    }
    // Expected is at most one list in twenty; more than 6 of 40 in three of a thousand cases.
    assert!(n_discoveries <= 6, "{n_discoveries} of 40 random lists are enriched for something");
    Ok(())
}

proptest! {
    #[test]
    fn numbers_are_where_they_can_be(seed in 0..10_000_u64, n_listed in 1..60_usize) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut names: Vec<String> = (0..60).map(|i| format!("G{i}")).collect();
        let sets: Vec<GeneSet> = (0..12).map(|i| {
            let size = rng.random_range(1..=60);
            let genes = names.partial_shuffle(&mut rng, size).0.to_vec();
            GeneSet { name: format!("set {i}"), description: String::new(), genes }
        }).collect();
        let config = OraConfig { background: Background::Genes(names.clone()), min_size: 1, ..OraConfig::default() };
        let (list, _) = names.partial_shuffle(&mut rng, n_listed);
        let table = over_representation(list, &sets, &config)?;
        prop_assert_eq!((table.terms.len(), table.n_genes, table.n_background), (12, n_listed, 60));
        for term in &table.terms {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&term.p_value) && term.p_value > 0.0);
            prop_assert!(term.adjusted_p_value >= term.p_value * (1.0 - 1e-12) && term.adjusted_p_value <= 1.0);
            prop_assert!(term.odds_ratio > 0.0 && term.odds_ratio.is_finite());
            prop_assert!(term.combined_score >= -1e-9 && term.combined_score.is_finite());
        }
        let is_sorted = |pair: &[concord_enrich::EnrichedTerm]| {
            pair[0].p_value <= pair[1].p_value && pair[0].adjusted_p_value <= pair[1].adjusted_p_value
        };
        prop_assert!(table.terms.windows(2).all(is_sorted));
    }
}

#[test]
fn a_gene_counts_once_however_often_it_is_named() -> TestResult {
    let background = Background::Genes(["A", "B", "C", "D", "E", "F", "A"].map(String::from).into());
    let config = OraConfig { background, min_size: 1, ..OraConfig::default() };
    let once = over_representation(&["A", "B"], &[set("s", &["A", "C"])], &config)?;
    let twice = over_representation(&["A", " B ", "A", "", "Z"], &[set("s", &["A", "C", "A", "Y"])], &config)?;
    assert_eq!(once.terms, twice.terms);
    assert_eq!((twice.n_genes, twice.n_outside_background, twice.n_background), (2, 1, 6));
    Ok(())
}

#[test]
fn the_table_has_the_columns_of_gseapy() -> TestResult {
    let config = OraConfig { background: Background::Number(100), min_size: 1, ..OraConfig::default() };
    let table = over_representation(&["B", "A"], &[set("s", &["A", "B", "C"])], &config)?.to_table()?;
    let names: Vec<&str> = table.names().collect();
    assert_eq!(names, ["Term", "Overlap", "P-value", "Adjusted P-value", "Odds Ratio", "Combined Score", "Genes"]);
    let text = |name| match table.get(name) {
        Some(concord_core::Column::Texts(texts)) => texts[0].clone(),
        _ => None,
    };
    // The shared genes are in the order of the list.
    assert_eq!((text("Overlap").as_deref(), text("Genes").as_deref()), (Some("2/3"), Some("B;A")));
    Ok(())
}
